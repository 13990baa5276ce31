package activity

// A Trend is something that was clearly different in the last seven days than in the four
// weeks before them.
type Trend struct {
	Fact Fact   `json:"fact"`
	Unit string `json:"unit"` // "times", "seconds", or "seconds since midnight"
	// Week and Usual are the medians of the days of the week and of those before.
	Week  float64 `json:"week"`
	Usual float64 `json:"usual"`
	// More is whether Week is larger: later, longer, more often.
	More bool `json:"more"`
	// WeekDays and UsualDays are how many days it is known of.
	WeekDays  int `json:"week_days"`
	UsualDays int `json:"usual_days"`
	// From and To are the first and the last date of the week.
	From string `json:"from"`
	To   string `json:"to"`
}

// A Fact is a figure of days of which a Trend can be told.
type Fact string

// The facts.
const (
	UpAtNight       Fact = "up_at_night"       // times out of bed in a night
	TimeInBed       Fact = "time_in_bed"       // resting time of a night
	ToBed           Fact = "to_bed"            // when the night began
	GettingUp       Fact = "getting_up"        // when it ended
	FirstActivity   Fact = "first_activity"    // when the first sign of life came
	TimeOut         Fact = "time_out"          // out of the home
	BathroomVisits  Fact = "bathroom_visits"   // in a whole day
	BathroomAtNight Fact = "bathroom_at_night" // in a night
	LongestSilence  Fact = "longest_silence"   // by day, at home
)
