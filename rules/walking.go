package rules

// Getting up. After a fall was suspected, the wearable is watched once a second: whoever has
// gravity again where it was before and walks for walkedUp seconds in a row has got up. Walking is
// what repeats itself step by step: the resultant of the last four seconds
// resembles itself 0.35 to 0.9 s later (1.1 to 2.9 steps a second; older people walk 1.4 to 2). Crawling
// repeats itself too, with gravity elsewhere; shaking and a hand that
// waves are what the direction excludes.
const (
	walkWindow  = 4 * stepsASecond
	walkedUp    = 5
	stepSoonest = 7    // in steps of the track
	stepLatest  = 18   // in steps of the track
	leastGait   = 0.05 // g, deviation of the resultant
	likeness    = 0.5  // correlation of the resultant with itself
	upright     = 40.0 // degrees from where gravity was before
	watchedFor  = 30 * 60 * stepsASecond
)

// gotUp counts a step since the suspected fall, and reports whether somebody walks
// again as before it.
func (w *Wearer) gotUp() bool {
	if w.Beat == 0 {
		return false
	}
	if w.Beat++; w.Beat%stepsASecond != 0 {
		return false
	}
	if w.Walked++; !w.walks() {
		w.Walked = 0
	}
	up := w.Walked >= walkedUp
	if up || w.Beat > watchedFor {
		w.rest()
	}
	return up
}

// rest ends the watch.
func (w *Wearer) rest() { w.Before, w.Beat, w.Walked = vector{}, 0, 0 }

// walks reports whether the last seconds are walking, with gravity where it was before the fall.
func (w *Wearer) walks() bool {
	n := w.steps() - walkWindow
	if n < 0 {
		return false
	}
	var r [walkWindow]float64
	var mean float64
	var down vector
	for i := range r {
		v := w.at(n + i)
		r[i] = v.length()
		mean += r[i] / walkWindow
		down = down.plus(v, 1.0/walkWindow)
	}
	if down.degrees(w.Before) > upright {
		return false
	}
	for i := range r {
		r[i] -= mean
	}
	return repeats(&r)
}

// repeats reports whether r, whose mean is 0, resembles itself a step later.
func repeats(r *[walkWindow]float64) bool {
	var all float64
	for _, x := range r {
		all += x * x
	}
	if all < leastGait*leastGait*walkWindow {
		return false
	}
	for lag := stepSoonest; lag <= stepLatest; lag++ {
		var sum float64
		for i := lag; i < walkWindow; i++ {
			sum += r[i] * r[i-lag]
		}
		if sum*walkWindow/float64(walkWindow-lag) >= likeness*all {
			return true
		}
	}
	return false
}
