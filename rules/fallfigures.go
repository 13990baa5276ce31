package rules

// seen is how a figure was in the recordings from which the weights were found: it counts as at
// least lowest and at most highest, so that nothing is concluded from what was never
// seen, and then in deviations from its mean.
type seen struct{ lowest, highest, mean, deviation float64 }

// A term is what a figure, or two of them together, say for a fall.
type term struct {
	a, b   int
	weight float64
}

// alone is the second figure of a term that has only one.
const alone = figures

// fallFrom is the sum of terms from which an impact is taken for a fall.
const (
	fallFrom = -0.5
	constant = -5.462
)

var seenFigures = [figures]seen{
	strength:  {0.407, 0.916, 0.714, 0.175},
	turned:    {0.338, 154.481, 30.031, 39.21},
	restless:  {-4.227, -0.136, -1.678, 1.351},
	active:    {-4.231, -0.149, -1.529, 1.204},
	before:    {0, 12, 3.504, 3.024},
	goingOn:   {0, 6, 1.891, 1.694},
	jolt:      {-3.441, 1.576, -0.631, 1.125},
	tipped:    {0.362, 152.309, 28.792, 37.846},
	unsteady:  {-3.901, 0.676, -1.146, 1.318},
	wandering: {0, 0.503, 0.092, 0.083},
	turning:   {0.46, 10.393, 2.51, 1.695},
	agitation: {-3.015, 0.33, -0.877, 0.638},
	sharpness: {1.003, 2.595, 1.694, 0.375},
}

var fallTerms = [...]term{
	{tipped, alone, 2.478},
	{turned, alone, 1.716},
	{before, alone, -0.932},
	{goingOn, alone, -0.878},
	{turning, alone, 0.817},
	{strength, alone, 0.769},
	{active, wandering, -2.081},
	{restless, goingOn, 1.864},
	{jolt, tipped, 1.217},
	{jolt, sharpness, -1.119},
	{active, active, 0.92},
	{goingOn, jolt, -0.847},
	{strength, sharpness, 0.712},
	{unsteady, unsteady, -0.689},
	{turned, sharpness, 0.665},
	{strength, strength, -0.602},
	{turned, turned, -0.589},
	{tipped, sharpness, 0.542},
	{strength, tipped, -0.529},
	{active, agitation, 0.525},
	{goingOn, sharpness, 0.511},
	{turned, restless, -0.498},
	{wandering, wandering, -0.47},
	{goingOn, wandering, 0.456},
	{unsteady, agitation, -0.441},
	{active, turning, -0.428},
	{active, tipped, 0.405},
	{agitation, agitation, -0.37},
	{tipped, tipped, -0.355},
	{strength, restless, -0.333},
	{restless, before, 0.319},
	{goingOn, turning, -0.14},
}

// fall is what the figures say for a fall, as log odds.
func (m *impact) fall() float64 {
	var z [figures + 1]float64
	for i, k := range seenFigures {
		z[i] = (max(k.lowest, min(k.highest, m[i])) - k.mean) / k.deviation
	}
	z[alone] = 1
	sum := constant
	for _, t := range fallTerms {
		sum += t.weight * z[t.a] * z[t.b]
	}
	return sum
}
