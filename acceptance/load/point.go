package load

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/ucare-project/ucare"
)

// tagEscapes are what line protocol escapes in the value of a tag.
var tagEscapes = strings.NewReplacer(`\`, `\\`, ` `, `\ `, `,`, `\,`, `=`, `\=`)

// Point is a reading in line protocol, as docs/history.md says that it is stored, under the
// names that the server is to know its dwelling and sensor by. N tells readings apart that
// differ only in what they say.
func Point(r ucare.Reading, n int, dwelling, sensor string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "reading,dwelling=%s,kind=%s", tagEscapes.Replace(dwelling), tagEscapes.Replace(string(r.Kind)))
	if n > 0 {
		fmt.Fprintf(&b, ",n=%d", n)
	}
	if r.Room != "" {
		b.WriteString(",room=" + tagEscapes.Replace(r.Room))
	}
	b.WriteString(",sensor=" + tagEscapes.Replace(sensor) + " ")
	b.WriteString(strings.Join(fields(r), ","))
	return b.String() + " " + strconv.FormatInt(r.At.UnixNano(), 10)
}

func fields(r ucare.Reading) (all []string) {
	switch {
	case r.Samples != nil:
		samples, _ := json.Marshal(r.Samples) // numbers, and finite ones: never fails
		all = append(all, fmt.Sprintf("samples=%q", samples), "rate_hz="+strconv.FormatFloat(r.RateHz, 'g', -1, 64))
	case r.Unit != "":
		all = append(all, "value="+strconv.FormatFloat(r.Value, 'g', -1, 64))
	}
	if r.State != ucare.Unknown {
		all = append(all, fmt.Sprintf("active=%t", r.State == ucare.Active))
	}
	if r.Unit != r.Kind.Unit() {
		all = append(all, fmt.Sprintf("unit=%q", r.Unit))
	}
	if r.UnknownAge {
		all = append(all, "unknown_age=true")
	}
	if r.Drill {
		all = append(all, "drill=true")
	}
	return all
}
