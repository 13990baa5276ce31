package rules

import (
	"math"
	"time"
)

// A Wearer is what is remembered of a wearable that sends its acceleration: the last
// five seconds, in steps of a twentieth of a second. However the stream is cut into
// windows, and whatever its rate, the steps come out the same.
type Wearer struct {
	// Until is where the last window ended.
	Until time.Time `json:"until"`
	// Track holds the steps, the newest last: x, y and z of each in two bytes.
	Track []byte `json:"track,omitempty"`
	// Sum is what the samples add to the step that is not full yet, and Full how much of
	// it they fill.
	Sum  vector  `json:"sum,omitzero"`
	Full float64 `json:"full,omitempty"`
	// Beat counts the steps since the last suspected fall that nobody got up from; 0
	// when there is none. Before is where gravity was before it, and Walked counts
	// the seconds walked in a row.
	Beat   int    `json:"beat,omitempty"`
	Before vector `json:"before,omitzero"`
	Walked int    `json:"walked,omitempty"`
}

// The track. Steps of a twentieth of a second are what the slowest wearables send;
// faster ones are averaged over it, which is what makes them comparable. The mean over a step is
// the change of velocity in it, and hardly depends on the range of the device.
const (
	stepsASecond = 20
	trackBefore  = 3 * stepsASecond // looked at before an impact
	trackAfter   = 2 * stepsASecond // and after it
	trackLength  = trackBefore + trackAfter
	stepBytes    = 6
	fullScale    = 16   // g; what is more is cut off
	perG         = 2000 // steps of the two-byte numbers
)

// slowest and fastest are the rates, in samples a second, that can be judged. What is
// slower does not see an impact.
const (
	slowest = 10
	fastest = 2000
)

// vector is an acceleration in g.
type vector [3]float64

func (v vector) plus(o vector, times float64) vector {
	return vector{v[0] + o[0]*times, v[1] + o[1]*times, v[2] + o[2]*times}
}

func (v vector) times(f float64) vector { return vector{v[0] * f, v[1] * f, v[2] * f} }

func (v vector) dot(o vector) float64 { return v[0]*o[0] + v[1]*o[1] + v[2]*o[2] }

func (v vector) length() float64 { return math.Sqrt(v.dot(v)) }

// degrees is the angle between two directions; 90 where one of them has none.
func (v vector) degrees(o vector) float64 {
	cosine := v.dot(o) / (v.length()*o.length() + 1e-9)
	return math.Acos(max(-1, min(1, cosine))) * 180 / math.Pi
}

// sampled is a sample in g, within what the track can hold. What is no number is none.
func sampled(sample [3]float64, scale float64) (v vector) {
	for k, x := range sample {
		if x *= scale; x == x {
			v[k] = max(-fullScale, min(fullScale-1.0/perG, x))
		}
	}
	return v
}

// take adds one sample, of which the rate says how long it lasts, and calls stepped
// after each step that is full.
func (w *Wearer) take(sample vector, rate float64, stepped func()) {
	rest := stepsASecond / rate
	for rest > 1e-9 {
		part := min(rest, 1-w.Full)
		w.Sum, w.Full, rest = w.Sum.plus(sample, part), w.Full+part, rest-part
		if w.Full < 1-1e-9 {
			return
		}
		w.step(w.Sum)
		w.Sum, w.Full = vector{}, 0
		stepped()
	}
}

// step adds a step to the track.
func (w *Wearer) step(v vector) {
	if len(w.Track) >= trackLength*stepBytes {
		n := copy(w.Track, w.Track[len(w.Track)-(trackLength-1)*stepBytes:])
		w.Track = w.Track[:n]
	}
	if w.Track == nil {
		w.Track = make([]byte, 0, trackLength*stepBytes)
	}
	for _, x := range v {
		n := uint16(int16(math.Round(x * perG)))
		w.Track = append(w.Track, byte(n), byte(n>>8))
	}
}

// steps is how long the track is.
func (w *Wearer) steps() int { return len(w.Track) / stepBytes }

// at is the i-th step.
func (w *Wearer) at(i int) (v vector) {
	b := w.Track[i*stepBytes : (i+1)*stepBytes]
	for k := range v {
		v[k] = float64(int16(uint16(b[2*k])|uint16(b[2*k+1])<<8)) / perG
	}
	return v
}

// forget begins the track anew: what comes next does not follow what was before.
func (w *Wearer) forget() {
	w.Track, w.Sum, w.Full = nil, vector{}, 0
	if w.Beat > 0 { // Nobody knows how long ago that was.
		w.Beat, w.Walked = max(w.Beat, fallsApart), 0
	}
}

// setBack is how far back a wearable's clock must have gone before that is the
// reason, and not a window that is late. What waits for a connection comes in order, and what
// comes twice does so within seconds to minutes; a wearable that is not listened to until its
// clock has caught up would be deaf for longer.
const setBack = 10 * time.Minute

// begins says from which of n samples on a window that started at start is new, and
// begins the track anew where something is missing before it. What was heard before is
// not heard again, and neither is what is late. The clocks of devices
// jitter: half a window, at most half a second, is neither missing nor heard before. And
// they are set: whoever speaks of what was setBack ago speaks of now.
func (w *Wearer) begins(start time.Time, n int, rate float64) int {
	long := time.Duration(float64(n) / rate * float64(time.Second))
	jitter := min(long/2, time.Second/2)
	known := w.Until.Sub(start)
	switch {
	case w.Until.IsZero() || -known > jitter || known > setBack:
		w.forget()
		known = 0
	case known <= jitter:
		known = 0
	}
	if known < long {
		w.Until = start.Add(long)
	}
	return min(n, int(math.Ceil(known.Seconds()*rate-1e-6)))
}

// pair is the mean resultant of the step i and the next, in g: a tenth of a second, so
// that it does not matter where in a step an impact falls.
func (w *Wearer) pair(i int) float64 { return (w.at(i).length() + w.at(i+1).length()) / 2 }

// peak is where in the track the impact is on which there is a verdict now:
// what is after it is just complete. It is the greatest of the second before and after.
func (w *Wearer) peak() (int, bool) {
	p := w.steps() - trackAfter
	if p < stepsASecond/2 {
		return 0, false
	}
	height := w.pair(p)
	if height < leastImpact {
		return 0, false
	}
	for i := max(0, p-stepsASecond); i <= p+stepsASecond; i++ {
		if w.pair(i) > height {
			return 0, false
		}
	}
	return p, true
}
