package caregiver

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/language"
)

var (
	seoul    = time.FixedZone("KST", 9*3600)
	fixedDay = time.Date(2020, 11, 20, 0, 0, 0, 0, seoul)
)

// home is a Watch, a Past and a Diary that tests fill.
type home struct {
	dwellings []ucare.Dwelling
	now       map[string]Snapshot
	alarms    []ucare.Alarm
	readings  []ucare.Reading
	concerns  []ToldConcern
	days      []activity.Day
	partly    bool // the days can be read, although there is an err
	err       error
	hang      chan struct{} // while open, the past does not answer and heeds no context
}

func (h *home) Dwellings() []ucare.Dwelling  { return h.dwellings }
func (h *home) Now(dwelling string) Snapshot { return h.now[dwelling] }

func (h *home) Alarms(context.Context, string, time.Time, time.Time) ([]ucare.Alarm, error) {
	return h.alarms, h.err
}

func (h *home) Concerns(context.Context, string, time.Time, time.Time) ([]ToldConcern, error) {
	return h.concerns, h.err
}

func (h *home) Readings(_ context.Context, _ string, from, to time.Time) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		if h.hang != nil {
			<-h.hang
		}
		for _, r := range h.readings {
			if !r.At.Before(from) && r.At.Before(to) && !yield(r, nil) {
				return
			}
		}
		if h.err != nil {
			yield(ucare.Reading{}, h.err)
		}
	}
}

func (h *home) Days(_ context.Context, dwelling, from, to string) ([]activity.Day, error) {
	if h.hang != nil {
		<-h.hang
	}
	if h.err != nil && !h.partly {
		return nil, h.err
	}
	var days []activity.Day
	for _, d := range h.days {
		if d.Date >= from && d.Date <= to {
			d.Dwelling = dwelling
			days = append(days, d)
		}
	}
	return days, h.err
}

// looks collects what Looked heard.
type looks struct {
	mu  sync.Mutex
	all []string
}

func (l *looks) add(person, dwelling, what string, _ time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, person+" "+dwelling+" "+what)
}

const password = "correct horse"

func newHome() *home {
	return &home{
		dwellings: []ucare.Dwelling{
			{ID: "own", Resident: ucare.Resident{Name: "Kim Soon-ja"}, Rooms: []ucare.Room{{ID: "kitchen"}, {ID: "bedroom"}}},
			{ID: "second", Resident: ucare.Resident{Name: "Lee"}},
			{ID: "other", Resident: ucare.Resident{Name: "Secret Name"}},
		},
		now: map[string]Snapshot{},
	}
}

func (h *home) options(seen *looks) Options {
	return Options{
		Watch: h, Past: h, Diary: h, Location: seoul, Looked: seen.add,
		People: []Person{
			{ID: "daughter", Password: password, Dwellings: []string{"own", "moved-away"}},
			{ID: "worker", Password: password + " 2", Dwellings: []string{"own", "second"}},
			{ID: "nobody", Password: password + " 3"},
		},
	}
}

func (h *home) site(t testing.TB) http.Handler {
	t.Helper()
	handler, err := New(h.options(new(looks)))
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// get fetches an address as the daughter.
func get(t testing.TB, site http.Handler, address string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	r.SetBasicAuth("daughter", password)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	return w
}

func wantAll(t *testing.T, body string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

func TestNewRefuses(t *testing.T) {
	good := newHome().options(new(looks))
	for name, change := range map[string]func(*Options){
		"no people":          func(o *Options) { o.People = nil },
		"no password":        func(o *Options) { o.People = []Person{{ID: "a"}} },
		"a short password":   func(o *Options) { o.People = []Person{{ID: "a", Password: "1234567"}} },
		"no id":              func(o *Options) { o.People = []Person{{Password: password}} },
		"the same id twice":  func(o *Options) { o.People = append(o.People, o.People[0]) },
		"nothing to look at": func(o *Options) { o.Past = nil },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: New accepts it", name)
		} else if strings.Contains(err.Error(), "1234567") {
			t.Errorf("%s: the error shows a password: %v", name, err)
		}
	}
}

func TestTheSentenceOnTop(t *testing.T) {
	now := time.Now()
	h := newHome()
	site := h.site(t)
	h.now["own"] = Snapshot{LastSign: Sign{now.Add(-12 * time.Minute), "kitchen"}}
	calm := get(t, site, "/dwelling/own").Body.String()
	wantAll(t, calm, "Last sign of life: 12 min ago in the kitchen.", "No open alarm.", "No fault is known.", `class="status calm"`)

	h.now["own"] = Snapshot{}
	unknown := get(t, site, "/dwelling/own").Body.String()
	wantAll(t, unknown, "No sign of life is known yet.", `class="status check"`)

	h.now["own"] = Snapshot{
		LastSign: Sign{now.Add(-12 * time.Minute), "kitchen"},
		Alarms:   []ucare.Alarm{{ID: "d", Rule: ucare.Help, Drill: true, RaisedAt: now}},
	}
	drill := get(t, site, "/dwelling/own").Body.String()
	wantAll(t, drill, "No open alarm.", "Open drills: 1.", "DRILL: The help button was pressed", `class="status check"`)
}

func TestWhatToLookAt(t *testing.T) {
	now := time.Now()
	h := newHome()
	cold := ucare.Concern{
		Name: "cold", Rule: ucare.Climate, Kind: ucare.Temperature, Room: "bedroom", Since: now.Add(-3 * time.Hour), At: now.Add(-time.Hour),
		Because: []ucare.Evidence{{Fact: ucare.FactMeasured, At: now.Add(-time.Hour), Room: "bedroom", Kind: ucare.Temperature, Value: 14.5, Limit: 16, Unit: "°C"}},
	}
	leak := ucare.Concern{Name: "leak", Rule: ucare.Leak, Kind: ucare.WaterLeak, Room: "kitchen", Since: now, At: now, Counted: true}
	h.now["own"] = Snapshot{LastSign: Sign{now, "kitchen"}, Concerns: []ucare.Concern{cold, leak}}
	h.concerns = []ToldConcern{{Concern: cold}, {
		Concern:   ucare.Concern{Name: "out", Rule: ucare.NightOut, Since: now.Add(-9 * time.Hour), At: now.Add(-8 * time.Hour)},
		SettledAt: now.Add(-7 * time.Hour),
	}}
	h.readings = []ucare.Reading{{At: now.Add(-time.Second), Sensor: "m", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active}}
	body := get(t, h.site(t), "/dwelling/own").Body.String()
	wantAll(t, body, `class="status check"`, "Things to look at: 2.", "Too cold in the bedroom since", "14.5 °C", "the limit is 16 °C",
		"Water where none should be, in the kitchen", "Not told separately", "Not settled yet", "Left home in the night, from", "Settled ")
	if newest, older := strings.Index(body, "Water where"), strings.Index(body, "Too cold"); newest > older {
		t.Error("the newest is not on top")
	}
	if strings.Count(body, "Too cold") != 1 {
		t.Error("what stands is told again in the story of the day")
	}
	wantAll(t, get(t, h.site(t), "/dwelling/own", "Accept-Language", "ko").Body.String(), "살펴볼 일: 2건.", "침실에서 측정한 온도가 너무 낮습니다", "부엌에서 누수가 감지되었습니다")
}

func TestAnAlarmAndItsLife(t *testing.T) {
	raised := time.Date(2020, 11, 22, 7, 4, 0, 0, seoul)
	h := newHome()
	h.err = errors.New("the disk is gone")
	h.now["own"] = Snapshot{
		LastSign: Sign{raised, "kitchen"},
		Alarms: []ucare.Alarm{{
			ID: "a", Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: raised.UTC(), RaisedAt: raised,
			Because: []ucare.Evidence{{Fact: ucare.FactDetected, Kind: ucare.Smoke, Room: "kitchen", At: raised}},
			Answers: ucare.Answers{ReceivedAt: raised.Add(time.Second), ReceivedBy: "Seoul centre"},
		}},
		Faults: []ucare.Fault{{Code: ucare.FaultBattery, Subject: "kitchen_smoke", Since: raised}},
	}
	site := h.site(t)
	body := get(t, site, "/dwelling/own").Body.String()
	wantAll(t, body, `class="status alarm"`, "Smoke in the kitchen since 07:04 on 22 November.", "No person has acknowledged it yet.",
		"Smoke detected in the kitchen at 07:04 on 22 November.", "07:04 on 22 November, Seoul centre", "not yet",
		"Battery low: kitchen_smoke", "Change the battery", "The history cannot be read right now.")

	h.now["own"].Alarms[0].AcknowledgedAt, h.now["own"].Alarms[0].AcknowledgedBy = raised.Add(time.Minute), "Choi"
	wantAll(t, get(t, site, "/dwelling/own").Body.String(), "Seen by a person: 07:05 on 22 November, Choi.")
}

func TestSensors(t *testing.T) {
	h := newHome()
	h.now["own"] = Snapshot{Sensors: []SensorState{
		{Sensor: "new", Room: "kitchen", Kinds: []ucare.Kind{ucare.Smoke, ucare.Battery}},
		{
			Sensor: "door", Room: "hall", LastHeard: time.Now().Add(-3 * time.Hour), Reachable: ucare.Inactive, Battery: ucare.Active,
			Says: []Saying{{Kind: ucare.Door, State: ucare.Inactive}, {Kind: ucare.Temperature, Value: 20.04, Unit: "°C"}},
		},
	}}
	body := get(t, h.site(t), "/dwelling/own").Body.String()
	wantAll(t, body, "never heard", "not reported", "Kitchen · smoke", "unknown (last: closed)", "unknown (last: 20 °C)", "not reachable", "Battery: low", "3 h ago")
	if strings.Contains(body, "no smoke") {
		t.Error("a detector that was never heard is said to see no smoke")
	}
}

// A press is an instant, and most buttons never say that they are released.
func TestAPressDoesNotLast(t *testing.T) {
	h := newHome()
	pressed := time.Date(2020, 11, 22, 7, 4, 0, 0, seoul)
	h.now["own"] = Snapshot{Sensors: []SensorState{
		{Sensor: "button", Room: "bedroom", LastHeard: time.Now(), Says: []Saying{{At: pressed, Kind: ucare.HelpButton, State: ucare.Active}}},
		{Sensor: "pendant", Room: "bedroom", LastHeard: time.Now(), Says: []Saying{{Kind: ucare.HelpButton, State: ucare.Active}, {At: pressed, Kind: ucare.FallSensor, State: ucare.Active}}},
	}}
	site := h.site(t)
	body := get(t, site, "/dwelling/own", "Accept-Language", "en").Body.String()
	wantAll(t, body, ">last pressed at 07:04 on 22 November<", ">last pressed at an unknown time<", ">last fall at 07:04 on 22 November<")
	if strings.Contains(body, ">pressed<") || strings.Contains(body, "fall!") {
		t.Error("the page says that a button is pressed now")
	}
	wantAll(t, get(t, site, "/dwelling/own", "Accept-Language", "ko").Body.String(), ">마지막으로 눌린 때: 11월 22일 오전 7:04<")
}

func TestATestAlarmIsNoSignOfLife(t *testing.T) {
	h := newHome()
	h.readings = []ucare.Reading{{At: fixedDay.Add(time.Hour), Dwelling: "own", Sensor: "test-alarm", Kind: ucare.HelpButton, State: ucare.Active, Drill: true}}
	h.alarms = []ucare.Alarm{{ID: "d", Rule: ucare.Help, Drill: true, Onset: fixedDay.Add(time.Hour), RaisedAt: fixedDay.Add(time.Hour)}}
	body := get(t, h.site(t), "/dwelling/own?day=2020-11-20").Body.String()
	wantAll(t, body, "No sensor is known yet.", "DRILL")
	for _, never := range []string{"test-alarm", "No room given"} {
		if strings.Contains(body, never) {
			t.Errorf("the page says %q", never)
		}
	}
}

// The headline is about what needs somebody most: not about the older alarm that a
// person already has in hand.
func TestTheHeadlineIsTheMostUrgentAlarm(t *testing.T) {
	h := newHome()
	at := fixedDay.Add(time.Hour)
	h.now["own"] = Snapshot{Alarms: []ucare.Alarm{
		{ID: "over", Rule: ucare.Fire, Kind: ucare.Heat, Onset: at, RaisedAt: at, RestoredAt: at},
		{ID: "seen", Rule: ucare.Fire, Kind: ucare.Gas, Onset: at, RaisedAt: at, Answers: ucare.Answers{AcknowledgedAt: at, AcknowledgedBy: "Park"}},
		{ID: "new", Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: at, RaisedAt: at.Add(time.Minute)},
	}}
	body := get(t, h.site(t), "/dwelling/own").Body.String()
	wantAll(t, body, `class="headline">Smoke in the kitchen`, "No person has acknowledged it yet.")
	if gas, heat := strings.Index(body, "<h3>Gas"), strings.Index(body, "<h3>Dangerous heat"); gas < 0 || heat < gas {
		t.Errorf("gas stands at %d, the heat that is over at %d", gas, heat)
	}
}

func TestTheOutcomeIsInTheReadersLanguage(t *testing.T) {
	h := newHome()
	h.alarms = []ucare.Alarm{{
		ID: "a", Rule: ucare.Fire, Onset: fixedDay.Add(time.Hour), RaisedAt: fixedDay.Add(time.Hour),
		Answers: ucare.Answers{ClosedAt: fixedDay.Add(2 * time.Hour), ClosedBy: "Choi", Outcome: "false alarm: cooking: 토스트"},
	}}
	site := h.site(t)
	wantAll(t, get(t, site, "/dwelling/own?day=2020-11-20", "Accept-Language", "ko").Body.String(), "오경보: 조리 – 토스트")
	wantAll(t, get(t, site, "/dwelling/own?day=2020-11-20", "Accept-Language", "en").Body.String(), "False alarm: cooking – 토스트")
}

// Who configured Korean gets Korean, unless the browser asks for a language we have.
func TestTheConfiguredLanguage(t *testing.T) {
	o := newHome().options(new(looks))
	o.Language, _ = language.Parse("ko")
	site, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{"": "ko", "de, *;q=0.5": "ko", "de, en;q=0.5": "en"} {
		if got := get(t, site, "/dwelling/own", "Accept-Language", header).Header().Get("Content-Language"); got != want {
			t.Errorf("Accept-Language %q gives %s, want %s", header, got, want)
		}
	}
	if got := get(t, site, "/dwelling/own", "Cookie", "language=en").Header().Get("Content-Language"); got != "en" {
		t.Errorf("the reader chose en and gets %s", got)
	}
}

func TestADay(t *testing.T) {
	day := fixedDay
	h := newHome()
	at := func(hour, minute int, kind ucare.Kind, room string, state ucare.State) {
		h.readings = append(h.readings, ucare.Reading{
			At: day.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute).UTC(), Dwelling: "own",
			Sensor: room + string(kind), Room: room, Kind: kind, State: state,
		})
	}
	at(7, 2, ucare.Motion, "bedroom", ucare.Active)
	at(6, 0, ucare.Door, "hall", ucare.Inactive)
	at(7, 10, ucare.Motion, "kitchen", ucare.Active)
	at(12, 30, ucare.Door, "hall", ucare.Active)
	at(21, 15, ucare.Motion, "garage", ucare.Active)
	h.alarms = []ucare.Alarm{{
		ID: "a", Rule: ucare.Help, Room: "bedroom", Onset: day.Add(9 * time.Hour), RaisedAt: day.Add(9 * time.Hour),
		Answers: ucare.Answers{ClosedAt: day.Add(10 * time.Hour), ClosedBy: "Choi", Outcome: "Only a try."},
	}}
	site := h.site(t)
	body := get(t, site, "/dwelling/own?day=2020-11-20").Body.String()
	wantAll(t, body, "Friday, 20 November 2020", "First sign of life 07:02, last 21:15.", "Longest silence 8 h 45 min, from 12:30 to 21:15.",
		"<td>07:00</td><td>07:05</td><td>Bedroom</td><td>Activity</td>", "Door opened (1)", "Garage", "Only a try.",
		`aria-label="Kitchen: active for about 5 min, first 07:10, last 07:15"`,
		"/dwelling/own?day=2020-11-19", "/dwelling/own?day=2020-11-21")

	h.readings, h.alarms = nil, nil
	wantAll(t, get(t, site, "/dwelling/own?day=2020-11-20").Body.String(), "Nothing was recorded on this day.")
	wantAll(t, get(t, site, "/dwelling/own?day=2190-01-01").Body.String(), "This day has not come yet.")
	for _, bad := range []string{"yesterday", "2026-13-01", "0001-01-01", "9999-12-31", strings.Repeat("9", 5000), "<script>alert(1)"} {
		w := get(t, site, "/dwelling/own?day="+strings.ReplaceAll(bad, "<", "%3C"))
		if w.Code != http.StatusBadRequest || w.Body.Len() > 3000 || strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("?day=%.20s answers %d with %d bytes, want a short 400", bad, w.Code, w.Body.Len())
		}
	}
}

func TestTheLastSignIsOfTodayWhateverDayIsShown(t *testing.T) {
	h := newHome()
	now := time.Now()
	midnight := newDay(now.In(seoul), now, nil).from
	for _, at := range []time.Time{midnight.Add(-20 * time.Hour), midnight} {
		h.readings = append(h.readings, ucare.Reading{At: at, Dwelling: "own", Sensor: "s", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active})
	}
	site := h.site(t)
	yesterday := midnight.AddDate(0, 0, -1).Format(dateForm)
	for _, address := range []string{"/dwelling/own", "/dwelling/own?day=" + yesterday} {
		body := get(t, site, address).Body.String()
		wantAll(t, body, `in the kitchen.</p>`+"\n"+`<p class="exact">00:00</p>`)
	}
}

func TestAHistoryThatHangsDelaysThePageByLessThanTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHome()
		h.hang = make(chan struct{})
		h.now["own"] = Snapshot{LastSign: Sign{time.Now().Add(-12 * time.Minute), "kitchen"}}
		site := h.site(t)
		for range 3 * maxReads { // and it goes on answering when every read hangs
			start := time.Now()
			body := get(t, site, "/dwelling/own").Body.String()
			if d := time.Since(start); d >= 2*time.Second {
				t.Fatalf("the page took %v", d)
			}
			wantAll(t, body, "The history cannot be read right now.", "Last sign of life: 12 min ago in the kitchen.")
		}
		close(h.hang)
		synctest.Wait()
		if body := get(t, site, "/dwelling/own").Body.String(); strings.Contains(body, "cannot be read") {
			t.Error("the history answers again and the page still says that it cannot be read")
		}
	})
}

// panicking is a past with a defect.
type panicking struct{ *home }

func (panicking) Alarms(context.Context, string, time.Time, time.Time) ([]ucare.Alarm, error) {
	panic("out of luck")
}

func TestAHistoryThatPanicsHarmsNobodyElse(t *testing.T) {
	h := newHome()
	o := h.options(new(looks))
	o.Past = panicking{h}
	site, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, get(t, site, "/dwelling/own").Body.String(), "The history cannot be read right now.")
}

func TestSeveralDwellingsAreOrderedByNeed(t *testing.T) {
	h := newHome()
	h.now["own"] = Snapshot{LastSign: Sign{time.Now(), "kitchen"}}
	h.now["second"] = Snapshot{Alarms: []ucare.Alarm{{ID: "a", Rule: ucare.Fall, RaisedAt: time.Now()}}}
	site := h.site(t)
	body := get(t, site, "/", "Authorization", basic("worker", password+" 2")).Body.String()
	if lee, kim := strings.Index(body, "Lee"), strings.Index(body, "Kim"); lee < 0 || kim < lee {
		t.Errorf("the home with an alarm is not first:\n%s", body)
	}
	if w := get(t, site, "/"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/dwelling/own" {
		t.Errorf("with one dwelling the front page answers %d to %q", w.Code, w.Header().Get("Location"))
	}
	wantAll(t, get(t, site, "/", "Authorization", basic("nobody", password+" 3")).Body.String(), "No home is assigned to you.")
}

func TestKorean(t *testing.T) {
	h := newHome()
	h.now["own"] = Snapshot{LastSign: Sign{time.Now().Add(-12 * time.Minute), "kitchen"}}
	site := h.site(t)
	korean := get(t, site, "/dwelling/own", "Accept-Language", "ko-KR,ko;q=0.9")
	wantAll(t, korean.Body.String(), `<html lang="ko">`, "마지막 활동: 12분 전 부엌에서", "진행 중인 경보가 없습니다.")
	chosen := get(t, site, "/dwelling/own", "Accept-Language", "ko", "Cookie", "language=en")
	wantAll(t, chosen.Body.String(), `<html lang="en">`)

	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/language", strings.NewReader("language=ko&back=%2Fdwelling%2Fown%3Fday%3D2020-11-20"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("daughter", password)
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/dwelling/own?day=2020-11-20" || !strings.Contains(w.Header().Get("Set-Cookie"), "language=ko;") {
		t.Errorf("choosing Korean answers %d, %v", w.Code, w.Header())
	}
}

// busyDay is a home with eight rooms in which 5,000 things happen.
func busyDay(day time.Time) *home {
	h := newHome()
	random := rand.New(rand.NewPCG(1, 2))
	rooms := []string{"kitchen", "bedroom", "bathroom", "toilet", "living_room", "hall", "study", "balcony"}
	kinds := []ucare.Kind{ucare.Motion, ucare.Motion, ucare.Motion, ucare.Door, ucare.Bed, ucare.Link, ucare.Temperature}
	var sensors []SensorState
	for i := range 5000 {
		room, kind := rooms[random.IntN(len(rooms))], kinds[random.IntN(len(kinds))]
		h.readings = append(h.readings, ucare.Reading{
			At: day.Add(time.Duration(i) * 24 * time.Hour / 5000), Dwelling: "own", Sensor: room + "_" + string(kind),
			Room: room, Kind: kind, State: ucare.StateOf(random.IntN(2) == 0), Unit: "°C",
		})
	}
	for _, room := range rooms {
		for _, kind := range []ucare.Kind{ucare.Motion, ucare.Door, ucare.Smoke, ucare.Temperature} {
			sensors = append(sensors, SensorState{
				Sensor: room + "_" + string(kind), Room: room, Kinds: []ucare.Kind{kind, ucare.Battery, ucare.Link}, Model: "TS0203",
				LastHeard: day, Says: []Saying{{Kind: kind, State: ucare.Active}}, Battery: ucare.Inactive, Reachable: ucare.Active,
			})
		}
	}
	h.now["own"] = Snapshot{Sensors: sensors}
	return h
}

func TestThePageSaysWhetherASensorIsSupervised(t *testing.T) {
	h := newHome()
	percent, now := 8.4, time.Now()
	h.now["own"] = Snapshot{Sensors: []SensorState{
		{Sensor: "smoke", Room: "kitchen", LastHeard: now, MustBeTested: true, Supervised: ucare.NotTested, BatteryPercent: &percent},
		{Sensor: "button", Room: "bedroom", LastHeard: now, MustBeTested: true, Tested: now, Supervised: ucare.SupervisedYes},
		{Sensor: "gas", Room: "kitchen", LastHeard: now.Add(-30 * time.Hour), MustBeTested: true, Supervised: ucare.SensorSilent},
		{Sensor: "door", Room: "kitchen", Supervised: ucare.NeverHeard},
		{Sensor: "hatch", Room: "kitchen", LastHeard: now, Supervised: ucare.NoHeartbeat},
	}}
	site := h.site(t)
	body := get(t, site, "/dwelling/own", "Accept-Language", "en").Body.String()
	wantAll(t, body, `<th scope="col">Supervised</th>`, "no: never tried", "Battery: 8%", "✓</span> yes<", "tried ", "no: silent", ">never tried<", "no: never heard", "yes, but its failure would go unnoticed")
	if bad := strings.Count(body, `<tr class="bad">`); bad != 3 {
		t.Errorf("%d of three sensors are marked", bad)
	}
	wantAll(t, get(t, site, "/dwelling/own", "Accept-Language", "ko").Body.String(), "감시 여부", "아니요: 시험한 적 없음", "아니요: 신호 끊김")
}

func TestABusyDayIsASmallPage(t *testing.T) {
	day := fixedDay
	site := busyDay(day).site(t)
	for _, tag := range []string{"en", "ko"} {
		total := get(t, site, "/dwelling/own?day=2020-11-20", "Accept-Language", tag).Body.Len()
		for name := range assetTypes {
			total += get(t, site, "/assets/"+name).Body.Len()
		}
		if t.Logf("%s: %d bytes with style and script", tag, total); total > 150_000 {
			t.Errorf("%s: the page of a busy day has %d bytes with style and script, the budget is 150,000", tag, total)
		}
	}
}

func BenchmarkBusyDay(b *testing.B) {
	day := fixedDay
	site := busyDay(day).site(b)
	for b.Loop() {
		if w := get(b, site, "/dwelling/own?day=2020-11-20"); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}

var inline = regexp.MustCompile(`(?i)\sstyle=|\son[a-z]+=|<style|<script>|javascript:|https?://`)

func TestHostileNamesStayNames(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}`
	now := time.Now()
	h := newHome()
	h.dwellings[0] = ucare.Dwelling{
		ID: "own", Resident: ucare.Resident{Name: hostile}, Rooms: []ucare.Room{{ID: hostile, Name: hostile}},
	}
	alarm := ucare.Alarm{
		ID: hostile, Rule: hostile, Kind: hostile, Room: hostile, Onset: now, RaisedAt: now,
		Because: []ucare.Evidence{{Fact: hostile, Sensor: hostile, Room: hostile, Kind: hostile, At: now}},
		Answers: ucare.Answers{ReceivedAt: now, ReceivedBy: hostile, AcknowledgedAt: now, AcknowledgedBy: hostile, Outcome: hostile},
	}
	h.now["own"] = Snapshot{
		LastSign: Sign{now, hostile}, Alarms: []ucare.Alarm{alarm},
		Faults: []ucare.Fault{{Code: hostile, Subject: hostile, Detail: hostile, Since: now}},
		Sensors: []SensorState{{
			Sensor: hostile, Room: hostile, Kinds: []ucare.Kind{hostile}, Model: hostile, LastHeard: now,
			Says: []Saying{{Kind: hostile, Value: 1, Unit: hostile}},
		}},
	}
	h.readings = []ucare.Reading{{At: now, Dwelling: "own", Sensor: hostile, Room: hostile, Kind: ucare.Motion, State: ucare.Active}}
	closed := alarm
	closed.ID, closed.ClosedAt, closed.ClosedBy = "closed", now, hostile
	h.alarms = []ucare.Alarm{closed}
	for _, tag := range []string{"en", "ko"} {
		body := get(t, h.site(t), "/dwelling/own?x=%22%3E%3Cscript%3Ealert(3)", "Accept-Language", tag).Body.String()
		for _, tagText := range []string{"<script>alert", "<img", `"><script>`} {
			if strings.Contains(body, tagText) {
				t.Errorf("%s: a name became markup: %s", tag, tagText)
			}
		}
		plain := strings.ReplaceAll(body, "onerror=alert(2)", "")
		if found := inline.FindString(plain); found != "" {
			t.Errorf("%s: the page holds %q, which its own policy forbids", tag, found)
		}
	}
}

func TestDayOfTheFold(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("no time zones here: %v", err)
	}
	for date, hours := range map[string]int{"2026-03-29": 23, "2026-10-25": 25, "2026-11-22": 24} {
		parsed, err := time.ParseInLocation(dateForm, date, berlin)
		if err != nil {
			t.Fatal(err)
		}
		d := newDay(parsed, parsed.AddDate(0, 0, 2), nil)
		if got := d.slots(); got != hours*12 {
			t.Errorf("%s has %d slots, want %d", date, got, hours*12)
		}
		d.hear(ucare.Reading{At: d.to.Add(-1), Sensor: "s", Room: "r", Kind: ucare.Motion, State: ucare.Active})
		d.finish()
		if r := runs(d.rooms["r"].active, 0); len(r) != 1 || r[0].to != d.slots() {
			t.Errorf("%s: its last moment is at %v", date, r)
		}
	}
}

func TestStatesThatGoOn(t *testing.T) {
	day := fixedDay
	reading := func(after string, kind ucare.Kind, state ucare.State) ucare.Reading {
		d, err := time.ParseDuration(after)
		if err != nil {
			t.Fatal(err)
		}
		return ucare.Reading{At: day.Add(d), Sensor: "s", Room: "r", Kind: kind, State: state}
	}
	for _, c := range []struct {
		name     string
		readings []ucare.Reading
		of       func(*roomDay) []uint16
		want     string
	}{
		{
			"a bed entered yesterday",
			[]ucare.Reading{reading("-2h", ucare.Bed, ucare.Active), reading("6h", ucare.Bed, ucare.Inactive)},
			func(r *roomDay) []uint16 { return r.rest }, "[0-73]",
		},
		{
			"a bed of a sensor that went away",
			[]ucare.Reading{reading("1h", ucare.Bed, ucare.Active), reading("2h", ucare.Link, ucare.Inactive), reading("6h", ucare.Bed, ucare.Inactive)},
			func(r *roomDay) []uint16 { return r.rest }, "[12-25]",
		},
		{
			"a sensor away until now",
			[]ucare.Reading{reading("2h", ucare.Link, ucare.Inactive)},
			func(r *roomDay) []uint16 { return r.unheard }, "[24-145]",
		},
		{
			"motion that goes on for 20 minutes",
			[]ucare.Reading{reading("1h", ucare.Motion, ucare.Active), reading("1h20m", ucare.Motion, ucare.Inactive)},
			func(r *roomDay) []uint16 { return r.active }, "[12-17]",
		},
		{
			"motion that a stuck sensor never ends",
			[]ucare.Reading{reading("1h", ucare.Motion, ucare.Active)},
			func(r *roomDay) []uint16 { return r.active }, "[12-13]",
		},
		{
			"old news",
			[]ucare.Reading{{At: day.Add(time.Hour), Sensor: "s", Room: "r", Kind: ucare.Motion, State: ucare.Active, UnknownAge: true}},
			func(r *roomDay) []uint16 { return r.active }, "[]",
		},
	} {
		d := newDay(day, day.Add(12*time.Hour), []string{"r"})
		for _, r := range c.readings {
			d.hear(r)
		}
		d.finish()
		var got []string
		for _, r := range runs(c.of(d.rooms["r"]), 0) {
			got = append(got, fmt.Sprintf("%d-%d", r.from, r.to))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}
