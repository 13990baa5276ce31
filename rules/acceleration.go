package rules

import (
	"time"

	"github.com/ucare-project/ucare"
)

// observeAcceleration folds a window of a wearable's acceleration.
func (p *Policy) observeAcceleration(_ *State, _ *ucare.Reading, _ time.Time, to []ucare.Decision) []ucare.Decision {
	return to
}
