package rules

import "math"

// An impact is an acceleration that may be a person's fall: what was before it, what it was like, and
// what came after, in figures that do not depend on how the device is
// turned. Each is a mean, a sum or an angle of steps of a twentieth of a second.
type impact [figures]float64

// The figures. Resultants are in g and count as at most most; logarithms are natural.
const (
	strength  = iota // log of the greatest mean over a tenth of a second
	turned           // degrees between gravity 3 to 1.5 s before and 1 to 2 s after
	restless         // log of the resultant's deviation 1 to 2 s after
	active           // log of the resultant's deviation 3 to 1 s before
	before           // peaks of more than half the height in the seconds before
	goingOn          // and in those after: running, jumping and clapping go on
	jolt             // log of the sum of squared differences from step to step
	tipped           // degrees between gravity 1 to 0.3 s before and 1 to 2 s after
	unsteady         // log of the deviation of the three axes 1 to 2 s after
	wandering        // how gravity's direction strays 3 to 1 s before: 0 not, 1 everywhere
	turning          // turns from quarter second to quarter second, 1.5 s before to 1.5 s after, in 100 degrees
	agitation        // log of the root mean square of (resultant - 1 g) in the second before
	sharpness        // greatest step against the mean of the 0.6 s around it
	figures
)

const (
	// leastImpact is the mean resultant over a tenth of a second, in g, from which an
	// impact is looked at. Sitting down stays below it as a rule.
	leastImpact = 1.5
	// most is what a resultant counts at most, in g: above it devices differ in what
	// they can measure, and impacts hardly differ in what they mean.
	most  = 2.5
	aStep = 1.0 / stepsASecond
)

// A track is a wearer's track as it is looked at: vectors of at most most, their lengths,
// and the mean of each length and the next.
type track struct {
	n       int
	of      [trackLength]vector
	length  [trackLength]float64
	pair    [trackLength]float64
	peak    int
	earlier int // where the look back begins
}

// look reads the track around an impact at the step peak.
func (w *Wearer) look(peak int) track {
	t := track{n: peak + trackAfter, peak: peak, earlier: max(0, peak-trackBefore)}
	for i := range t.n {
		v := w.at(i)
		r := v.length()
		v = v.times(min(1, most/max(r, 1e-6)))
		t.of[i], t.length[i] = v, min(r, most)
		if i > 0 {
			t.pair[i-1] = (t.length[i-1] + t.length[i]) / 2
		}
	}
	return t
}

// from is a time in seconds after the impact (or before it) as a step.
func (t *track) from(seconds float64) int {
	return min(t.n, max(0, t.peak+int(math.Round(seconds*stepsASecond))))
}

// gravityIn is the mean vector of the steps from i up to j.
func (t *track) gravityIn(i, j int) (v vector) {
	for _, o := range t.of[i:j] {
		v = v.plus(o, 1/float64(j-i))
	}
	return v
}

// spread is the standard deviation of the resultant from i up to j.
func (t *track) spread(i, j int) float64 {
	var mean, squares float64
	for _, r := range t.length[i:j] {
		mean += r / float64(j-i)
	}
	for _, r := range t.length[i:j] {
		squares += (r - mean) * (r - mean) / float64(j-i)
	}
	return math.Sqrt(squares)
}

// strays is the deviation of the three axes from i up to j.
func (t *track) strays(i, j int) float64 {
	mean := t.gravityIn(i, j)
	var squares float64
	for _, v := range t.of[i:j] {
		d := v.plus(mean, -1)
		squares += d.dot(d) / float64(j-i)
	}
	return math.Sqrt(squares)
}

// standing is where gravity was before the fall.
func (t *track) standing() vector { return t.gravityIn(t.earlier, max(t.earlier+5, t.from(-1.5))) }

// measure takes the figures of the impact.
func (t *track) measure() (m impact) {
	after, end := t.from(1), t.from(2)
	lying := t.gravityIn(after, end)
	m[strength] = math.Log(t.pair[t.peak])
	m[turned] = t.standing().degrees(lying)
	m[restless] = math.Log(t.spread(after, end) + 0.01)
	m[active] = math.Log(t.spread(t.earlier, max(t.earlier+5, t.from(-1))) + 0.01)
	m[before] = t.likePeaks(t.earlier, t.from(-0.4))
	m[goingOn] = t.likePeaks(t.from(0.6), end-1)
	m[jolt] = math.Log(t.jolts(t.from(-0.3), t.from(1)) + 0.001)
	m[tipped] = t.gravityIn(t.from(-1), t.from(-0.3)).degrees(lying)
	m[unsteady] = math.Log(t.strays(after, end) + 0.01)
	m[wandering] = t.wanders(t.earlier, max(t.earlier+10, t.from(-1)))
	m[turning] = t.turns(t.from(-1.5), t.from(1.5))
	m[agitation] = math.Log(t.differs(t.from(-1), t.peak-1) + 0.02)
	m[sharpness] = t.sharp()
	return m
}

// differs is the root mean square of (resultant - 1 g) from i up to j.
func (t *track) differs(i, j int) float64 {
	var squares float64
	for _, r := range t.length[i:j] {
		squares += (r - 1) * (r - 1) / float64(j-i)
	}
	return math.Sqrt(squares)
}

// likePeaks counts the peaks from i up to j of more than 0.55 of the height of the impact.
func (t *track) likePeaks(i, j int) (n float64) {
	high := 1 + 0.55*(t.pair[t.peak]-1)
	for k := i + 1; k < j-1; k++ {
		if p := t.pair[k]; p > high && p >= t.pair[k-1] && p > t.pair[k+1] {
			n++
		}
	}
	return n
}

// jolts is the sum of squared differences from step to step over time.
func (t *track) jolts(i, j int) (sum float64) {
	for k := i + 1; k < j; k++ {
		d := t.of[k].plus(t.of[k-1], -1)
		sum += d.dot(d) * aStep
	}
	return sum
}

// sharp is the greatest step at the impact against the mean around it.
func (t *track) sharp() float64 {
	var greatest, mean float64
	for k := max(0, t.peak-1); k < t.peak+3; k++ {
		greatest = max(greatest, t.length[k])
	}
	i, j := t.from(-0.25), t.from(0.35)
	for _, r := range t.length[i:j] {
		mean += r / float64(j-i)
	}
	return greatest / (mean + 0.1)
}

// wanders is how far the direction of half seconds strays.
func (t *track) wanders(i, j int) float64 {
	const half, quarter = stepsASecond / 2, stepsASecond / 4
	var sum vector
	n := 0.0
	for k := i; k+half <= j; k += quarter {
		v := t.gravityIn(k, k+half)
		sum = sum.plus(v, 1/max(v.length(), 1e-6))
		n++
	}
	return math.Sqrt(max(0, 1-sum.length()/n))
}

// turns is the sum of the angles from quarter second to quarter second.
func (t *track) turns(i, j int) (sum float64) {
	const quarter = stepsASecond / 4
	for k := i + quarter; k < j; k += quarter {
		sum += t.gravityIn(k-quarter, k).degrees(t.gravityIn(k, k+quarter)) / 100
	}
	return sum
}
