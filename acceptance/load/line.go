package load

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/ucare-project/ucare"
)

// Line is all that a reading says, as text. Two readings are the same where their lines are.
func Line(r ucare.Reading) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d %s %s %s %s", r.Dwelling, r.At.UnixNano(), r.Sensor, r.Room, r.Kind, r.State)
	if r.Unit != "" && r.Samples == nil {
		b.WriteByte(' ')
		b.WriteString(strconv.FormatFloat(r.Value, 'g', -1, 64))
	}
	if r.Samples != nil {
		samples, _ := json.Marshal(r.Samples) // numbers, and finite ones: never fails
		fmt.Fprintf(&b, " %v %s", r.RateHz, samples)
	}
	fmt.Fprintf(&b, " %q %t %t", r.Unit, r.UnknownAge, r.Drill)
	return b.String()
}
