package caregiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// The API is for a household's own tools. Who may see what, and that each look is
// recorded, is as on the pages. docs/activity.md and docs/openapi-activity.yaml describe it.
const api = "/api/v1/dwellings"

const (
	// mostDays bounds what one answer holds: three months.
	mostDays = 92
	// withoutDates is how many days come when no dates are given.
	withoutDates = 7
	// diaryPatience is how long an answer waits for the Diary, which may have to sum up first.
	diaryPatience = 10 * time.Second
	// maxDiaries bounds how many reads of the Diary are under way, those included that hang.
	maxDiaries = 4
	// compared is how many days before a day its figures are compared with.
	compared = 35
)

func (s *site) apiRoutes() []route {
	return []route{
		{"GET " + api, s.apiDwellings},
		{"GET " + api + "/{dwelling}/days", s.inScope(s.apiDays)},
		{"GET " + api + "/{dwelling}/days/{date}", s.inScope(s.apiDay)},
		{"GET " + api + "/{dwelling}/trends", s.inScope(s.apiTrends)},
		{"GET " + api + "/{dwelling}/sensors", s.inScope(s.apiSensors)},
	}
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// apiProblem is how a request is refused: RFC 9457 problem details. Detail says what to do.
type apiProblem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func writeProblem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "30")
	}
	writeJSON(w, status, apiProblem{http.StatusText(status), status, detail})
}

// writeJSON writes an answer whole or not at all.
func writeJSON(w http.ResponseWriter, status int, answer any) {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(answer); err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// answer writes what was asked for, in the language of who asked where it has sentences.
func (v visit) answer(what any) {
	v.w.Header().Set("Content-Language", v.l.Tag())
	v.w.Header().Add("Vary", "Accept-Language, Cookie")
	writeJSON(v.w, http.StatusOK, what)
}

type apiDwellings struct {
	Dwellings []apiDwelling `json:"dwellings"`
}

// apiDwelling is a home that the person may look at.
type apiDwelling struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	TimeZone string       `json:"time_zone"`
	Rooms    []ucare.Room `json:"rooms,omitempty"`
}

func (s *site) apiDwellings(v visit) {
	all := apiDwellings{Dwellings: []apiDwelling{}}
	for _, sc := range s.scopes(v.person) {
		s.Looked(v.person.ID, sc.dwelling.ID, "name and rooms", v.now)
		all.Dwellings = append(all.Dwellings, apiDwelling{sc.dwelling.ID, nameOf(sc.dwelling), s.Location.String(), sc.dwelling.Rooms})
	}
	v.answer(all)
}

type apiDays struct {
	Dwelling string    `json:"dwelling"`
	From     string    `json:"from"`
	To       string    `json:"to"`
	Days     []dayLine `json:"days"`
	// Problem says that some of the days cannot be read now.
	Problem string `json:"problem,omitempty"`
}

// A dayLine is a day in a list: without its sensors and what is told by the hour.
type dayLine struct {
	activity.Day
	Rooms   []roomLine        `json:"rooms,omitempty"`
	Out     *secondsOnly      `json:"out,omitempty"`
	Unknown secondsOnly       `json:"unknown"`
	Sensors []json.RawMessage `json:"sensors,omitempty"` // none
}

type roomLine struct {
	Room    string `json:"room"`
	Purpose string `json:"purpose,omitempty"`
	Seconds int    `json:"seconds"`
}

type secondsOnly struct {
	Seconds int `json:"seconds"`
}

func lineOf(d activity.Day) dayLine {
	line := dayLine{Day: d, Unknown: secondsOnly{d.Unknown.Seconds}}
	for _, r := range d.Rooms {
		line.Rooms = append(line.Rooms, roomLine{r.Room, r.Purpose, r.Seconds})
	}
	if d.Out != nil {
		line.Out = &secondsOnly{d.Out.Seconds}
	}
	return line
}

func (s *site) apiDays(v visit, sc scope) {
	from, to, ok := s.dates(v)
	if !ok {
		return
	}
	s.Looked(v.person.ID, sc.dwelling.ID, "days "+from+" to "+to, v.now)
	days, problem, ok := s.diary(v, sc, from, to)
	if !ok {
		return
	}
	all := apiDays{sc.dwelling.ID, from, to, []dayLine{}, problem}
	for _, d := range days {
		all.Days = append(all.Days, lineOf(d))
	}
	v.answer(all)
}

type apiDay struct {
	activity.Day
	// Usual is the median of each figure in the four weeks before.
	Usual map[activity.Fact]float64 `json:"usual,omitempty"`
	// Problem says that some of the days before cannot be read now.
	Problem string `json:"problem,omitempty"`
}

func (s *site) apiDay(v visit, sc scope) {
	date := v.r.PathValue("date")
	if _, ok := s.date(v, date); !ok {
		return
	}
	s.Looked(v.person.ID, sc.dwelling.ID, "day "+date, v.now)
	days, problem, ok := s.diary(v, sc, daysBefore(date, compared), date)
	switch {
	case !ok:
	case problem != "" && days[len(days)-1].Date != date:
		s.problem(v, http.StatusServiceUnavailable, problem)
	case len(days) == 0 || days[len(days)-1].Date != date:
		s.problem(v, http.StatusNotFound, v.l.Text("api.no_day", "day", date))
	default:
		v.answer(apiDay{days[len(days)-1], activity.Usual(days, date), problem})
	}
}

type apiTrends struct {
	Dwelling string `json:"dwelling"`
	// From and To are the first and the last date of the week that is compared.
	From string `json:"from"`
	To   string `json:"to"`
	// Days is how many days are known, of the 35 that are compared.
	Days   int                       `json:"days_known"`
	Trends []apiTrend                `json:"trends"`
	Usual  map[activity.Fact]float64 `json:"usual,omitempty"`
	// Problem says that some of the days cannot be read now.
	Problem string `json:"problem,omitempty"`
}

type apiTrend struct {
	activity.Trend
	Text string `json:"text"`
}

func (s *site) apiTrends(v visit, sc scope) {
	before := v.r.URL.Query().Get("before")
	if before == "" {
		before = v.now.In(s.Location).Format(dateForm)
	}
	if _, ok := s.date(v, before); !ok {
		return
	}
	answer := apiTrends{Dwelling: sc.dwelling.ID, From: daysBefore(before, 7), To: daysBefore(before, 1), Trends: []apiTrend{}}
	s.Looked(v.person.ID, sc.dwelling.ID, "trends "+answer.From+" to "+answer.To, v.now)
	days, problem, ok := s.diary(v, sc, daysBefore(before, compared), answer.To)
	if !ok {
		return
	}
	answer.Days, answer.Usual, answer.Problem = len(days), activity.Usual(days, answer.From), problem
	for _, t := range activity.Trends(days, before) {
		answer.Trends = append(answer.Trends, apiTrend{t, trendText(v.l, t)})
	}
	v.answer(answer)
}

// dates reads the range of a request, or says what is wrong with it. Without one it is the
// last seven days.
func (s *site) dates(v visit) (from, to string, ok bool) {
	q := v.r.URL.Query()
	if to = q.Get("to"); to == "" {
		to = v.now.In(s.Location).Format(dateForm)
	}
	if _, ok = s.date(v, to); !ok {
		return "", "", false
	}
	if from = q.Get("from"); from == "" {
		from = daysBefore(to, withoutDates-1)
	}
	if _, ok = s.date(v, from); !ok {
		return "", "", false
	}
	switch {
	case from > to:
		s.problem(v, http.StatusBadRequest, v.l.Text("api.turned_range", "from", from, "to", to))
	case from <= daysBefore(to, mostDays):
		s.problem(v, http.StatusBadRequest, v.l.Text("api.long_range", "from", from, "to", to, "n", mostDays))
	default:
		return from, to, true
	}
	return "", "", false
}

func daysBefore(date string, n int) string {
	at, _ := time.Parse(dateForm, date) // was read before
	return at.AddDate(0, 0, -n).Format(dateForm)
}

var errNoDiary = errors.New("this gateway keeps no days")

// diary reads days, or refuses the request because none can be read. Problem is what to say
// where only some can.
func (s *site) diary(v visit, sc scope, from, to string) (days []activity.Day, problem string, ok bool) {
	if days, problem = s.readDays(v, sc, from, to); problem != "" && len(days) == 0 {
		s.problem(v, http.StatusServiceUnavailable, problem)
		return nil, "", false
	}
	return days, problem, true
}

// readDays reads days of the Diary. Problem is what to say where not all can be read.
func (s *site) readDays(v visit, sc scope, from, to string) (days []activity.Day, problem string) {
	ctx, cancel := context.WithTimeout(v.r.Context(), diaryPatience)
	defer cancel()
	days, err := read(ctx, s.diaries, func() ([]activity.Day, error) {
		if s.Diary == nil {
			return nil, errNoDiary
		}
		return s.Diary.Days(ctx, sc.dwelling.ID, from, to)
	})
	days = slices.DeleteFunc(days, func(d activity.Day) bool { return d.Empty() })
	if err != nil && v.r.Context().Err() == nil {
		s.Logger.Warn("who asked for days of a dwelling did not get all", "dwelling", sc.dwelling.ID, "from", from, "to", to, "read", len(days), "error", err)
	}
	switch {
	case err == nil:
		return days, ""
	case len(days) > 0:
		return days, v.l.Text("api.not_all_days")
	default:
		return nil, v.l.Text("api.no_diary")
	}
}
