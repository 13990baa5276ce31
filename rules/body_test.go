package rules

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A body moves for a wearable at 200 samples a second, in g, by plain physics: gravity in
// the direction in which the body stands or lies, and what the movement adds along it. It ends
// upright or lying as its movements leave it.
type body struct {
	samples [][3]float64
	lean    float64 // radians from upright
	noise   *rand.Rand
}

const bodyRate = 200

func newBody(seed uint64) *body { return &body{noise: rand.New(rand.NewPCG(seed, 1))} }

// for seconds, along the body's gravity times resultant(t), leaning by to more.
func (b *body) moves(seconds, to float64, resultant func(t float64) float64) *body {
	n := int(seconds * bodyRate)
	from := b.lean
	for i := range n {
		t := float64(i) / bodyRate
		u := t / seconds
		b.lean = from + to*u*u*(3-2*u)
		r := resultant(t)
		var v [3]float64
		v[1], v[2] = -r*math.Cos(b.lean), r*math.Sin(b.lean)
		for k := range v {
			v[k] += 0.01 * b.noise.NormFloat64()
		}
		b.samples = append(b.samples, v)
	}
	b.lean = from + to
	return b
}

func steady(float64) float64 { return 1 }

// half is a half sine of height at, which lasts for long.
func half(t, at, long, height float64) float64 {
	if t < at || t > at+long {
		return 0
	}
	return height * math.Sin(math.Pi*(t-at)/long)
}

func (b *body) rests(seconds float64) *body { return b.moves(seconds, 0, steady) }

func (b *body) walks(seconds float64) *body {
	return b.moves(seconds, 0, func(t float64) float64 {
		return 1 + 0.25*math.Sin(2*math.Pi*1.8*t) + 0.1*math.Sin(2*math.Pi*3.6*t+1)
	})
}

func (b *body) runs(seconds float64) *body {
	return b.moves(seconds, 0, func(t float64) float64 { return max(0.1, 1+1.8*math.Sin(2*math.Pi*2.7*t)) })
}

// falls turns over in 0.7 s, of which the last half is a fall, and hits the ground twice.
func (b *body) falls() *body {
	b.moves(0.7, 1.1, func(t float64) float64 { return 1 - 0.6*min(1, t/0.5) })
	return b.moves(0.8, 0.4, func(t float64) float64 {
		return 0.8 + 0.2*min(1, t) + half(t, 0, 0.12, 4) + half(t, 0.22, 0.1, 1.5) + 0.3*math.Exp(-4*t)*math.Sin(2*math.Pi*6*t)
	})
}

func (b *body) jumps() *body {
	b.moves(0.3, 0, func(t float64) float64 { return 1 + half(t, 0, 0.3, 1) })
	b.moves(0.35, 0, func(float64) float64 { return 0.1 })
	return b.moves(0.4, 0, func(t float64) float64 { return 1 + half(t, 0, 0.15, 2.5) })
}

// sits drops on a chair; the trunk leans forward and comes back.
func (b *body) sits() *body {
	b.moves(0.6, 0.5, func(t float64) float64 { return 1 - 0.25*half(t, 0, 0.6, 1) })
	b.moves(0.2, 0, func(t float64) float64 { return 1 + half(t, 0, 0.12, 1.2) })
	return b.moves(0.8, -0.4, steady)
}

func (b *body) liesDown() *body { return b.moves(2.5, 1.5, steady) }

// stoops bends down, picks something up with a jerk, and rises again.
func (b *body) stoops() *body {
	b.moves(1, 1.1, steady)
	b.moves(0.3, 0, func(t float64) float64 { return 1 + half(t, 0.1, 0.1, 1) })
	return b.moves(1, -1.1, steady)
}

// at is what a device of rate hz sends that averages.
func (b *body) at(hz int) [][3]float64 { return averaged(b.samples, bodyRate, hz) }

// averaged brings samples from one rate to a lower one.
func averaged(samples [][3]float64, from, to int) (out [][3]float64) {
	for i := 0; (i+1)*from <= len(samples)*to; i++ {
		var v [3]float64
		n := 0.0
		for k := i * from / to; k < (i+1)*from/to; k++ {
			for a := range v {
				v[a] += samples[k][a]
			}
			n++
		}
		for a := range v {
			v[a] /= n
		}
		out = append(out, v)
	}
	return out
}

// turnedBy is the samples of a device that is turned at random.
func turnedBy(samples [][3]float64, r *rand.Rand) [][3]float64 {
	var q [4]float64
	norm := 0.0
	for i := range q {
		q[i] = r.NormFloat64()
		norm += q[i] * q[i]
	}
	for i := range q {
		q[i] /= math.Sqrt(norm)
	}
	w, x, y, z := q[0], q[1], q[2], q[3]
	m := [3][3]float64{
		{1 - 2*(y*y+z*z), 2 * (x*y - z*w), 2 * (x*z + y*w)},
		{2 * (x*y + z*w), 1 - 2*(x*x+z*z), 2 * (y*z - x*w)},
		{2 * (x*z - y*w), 2 * (y*z + x*w), 1 - 2*(x*x+y*y)},
	}
	out := make([][3]float64, len(samples))
	for i, s := range samples {
		for k := range m {
			out[i][k] = m[k][0]*s[0] + m[k][1]*s[1] + m[k][2]*s[2]
		}
	}
	return out
}

// clipped is the samples of a device that measures up to limit.
func clipped(samples [][3]float64, limit float64) [][3]float64 {
	out := make([][3]float64, len(samples))
	for i, s := range samples {
		for k := range s {
			out[i][k] = max(-limit, min(limit, s[k]))
		}
	}
	return out
}

// Moves is what a pendant sends, 50 Hz in g, of somebody who moves as the words say:
// rests=SECONDS walks=SECONDS runs=SECONDS falls lies=SECONDS rises sits jumps stoops.
// Other words are left over.
func Moves(words []string) (samples [][3]float64, rest []string) {
	b := newBody(uint64(len(words)))
	for _, word := range words {
		move, length, _ := strings.Cut(word, "=")
		seconds, _ := strconv.ParseFloat(length, 64)
		switch move {
		case "rests":
			b.rests(seconds)
		case "walks":
			b.walks(seconds)
		case "runs":
			b.runs(seconds)
		case "lies":
			b.lean = 1.5
			b.rests(seconds)
		case "falls":
			b.falls()
		case "rises":
			b.moves(3, -b.lean, steady)
		case "sits":
			b.sits()
		case "jumps":
			b.jumps()
		case "stoops":
			b.stoops()
		default:
			rest = append(rest, word)
		}
	}
	return b.at(50), rest
}
