package language

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func TestEveryLanguageHasTheSameKeysAndParameters(t *testing.T) {
	english := catalogs()["en"].texts
	for tag, c := range catalogs() {
		for _, key := range slices.Sorted(maps.Keys(english)) {
			text, ok := c.texts[key]
			if !ok {
				t.Errorf("%s.json has no text %q, en.json has one", tag, key)
				continue
			}
			if len(text) == 0 {
				t.Errorf("%s.json: %q is empty", tag, key)
			}
			// How a date is put together is each language's own affair.
			if strings.HasPrefix(key, "format.") {
				continue
			}
			got, want := names(text), names(english[key])
			if !slices.Equal(got, want) {
				t.Errorf("%s.json: %q has the parameters %v, en.json has %v", tag, key, got, want)
			}
		}
		for key := range c.texts {
			if _, ok := english[key]; !ok {
				t.Errorf("%s.json has a text %q that en.json does not have", tag, key)
			}
		}
	}
}

func names(t template) []string { return slices.Compact(slices.Sorted(slices.Values(t.parameters()))) }

func TestFormatsUseOnlyWhatATimeHas(t *testing.T) {
	at := time.Date(2026, 11, 22, 0, 5, 0, 0, time.UTC)
	for _, l := range All() {
		for _, text := range []string{
			l.Clock(at, time.UTC), l.Day(at, time.UTC), l.Date(at, time.UTC), l.Moment(at, time.UTC),
			l.Ago(at, at.Add(time.Hour)), l.Duration(49 * time.Hour), l.Duration(30 * time.Second),
		} {
			if strings.ContainsAny(text, "{}") || text == "" {
				t.Errorf("%s: %q has a parameter that nothing fills", l, text)
			}
		}
	}
}

func TestMissingKeyIsReturned(t *testing.T) {
	if got := (Language{}).Text("page.no_such_text"); got != "page.no_such_text" {
		t.Errorf("a missing key gives %q, want the key", got)
	}
	if got := (Language{}).Text("page.open_count"); got != "Open alarms: {n}." {
		t.Errorf("a missing parameter gives %q, want it to stay visible", got)
	}
}

func TestParseAndMatch(t *testing.T) {
	for tag, want := range map[string]string{"ko": "ko", "ko-KR": "ko", "KO_kr": "ko", "en-GB": "en"} {
		if l, ok := Parse(tag); !ok || l.Tag() != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", tag, l, ok, want)
		}
	}
	if _, ok := Parse("xx"); ok {
		t.Error("Parse knows a language that nobody has written")
	}
	for header, want := range map[string]string{
		"":                           "en",
		"ko-KR,ko;q=0.9,en;q=0.8":    "ko",
		"en;q=0.5, ko;q=0.7":         "ko",
		"de, ko;q=0.2":               "ko",
		"ko;q=0, en;q=0.1":           "en",
		"ko;q=nonsense, fr":          "en",
		"*":                          "en",
		strings.Repeat(",;q=,", 500): "en",
	} {
		if got := Match(header); got.Tag() != want {
			t.Errorf("Match(%.30q) = %s, want %s", header, got, want)
		}
	}
}

func TestKoreanParticles(t *testing.T) {
	for text, want := range map[string]string{
		"연기{이/가}":   "연기가",
		"열{이/가}":    "열이",
		"서울{으로/로}":  "서울로",
		"부엌{으로/로}":  "부엌으로",
		"“부엌”{은/는}": "“부엌”은",
		"2026{은/는}": "2026은",
		"22{은/는}":   "22는",
		"Zoë{을/를}":  "Zoë을(를)",
		"{이/가}":     "이(가)",
	} {
		if got := parseTemplate(text).fill(nil); got != want {
			t.Errorf("%s gives %s, want %s", text, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	ko, _ := Parse("ko")
	for _, c := range []struct {
		d      time.Duration
		en, ko string
	}{
		{-time.Hour, "0 s", "0초"},
		{30 * time.Second, "30 s", "30초"},
		{time.Minute, "1 min", "1분"},
		{2*time.Hour + 10*time.Minute + 40*time.Second, "2 h 10 min", "2시간 10분"},
		{12 * time.Hour, "12 h", "12시간"},
		{26*time.Hour + 5*time.Minute, "1 day 2 h", "1일 2시간"},
		{72 * time.Hour, "3 days", "3일"},
	} {
		if en, kor := (Language{}).Duration(c.d), ko.Duration(c.d); en != c.en || kor != c.ko {
			t.Errorf("%v is %q, %q; want %q, %q", c.d, en, kor, c.en, c.ko)
		}
	}
}

func TestTimes(t *testing.T) {
	seoul := time.FixedZone("KST", 9*3600)
	ko, _ := Parse("ko")
	at := time.Date(2026, 11, 22, 12, 4, 0, 0, time.UTC)
	for got, want := range map[string]string{
		Language{}.Clock(at, seoul):                    "21:04",
		ko.Clock(at, seoul):                            "오후 9:04",
		ko.Clock(at.Add(3*time.Hour), seoul):           "오전 12:04",
		Language{}.Day(at, seoul):                      "Sunday, 22 November 2026",
		ko.Day(at, seoul):                              "2026년 11월 22일 일요일",
		Language{}.Moment(at, seoul):                   "21:04 on 22 November",
		ko.Moment(at, seoul):                           "11월 22일 오후 9:04",
		Language{}.Ago(at, at.Add(12*time.Minute)):     "12 min ago",
		ko.Ago(at, at.Add(12*time.Minute)):             "12분 전",
		Language{}.Ago(at.Add(time.Hour), at):          "less than a minute ago",
		Language{}.Value(21.46, "°C"):                  "21.5 °C",
		Language{}.Value(3, "ppm"):                     "3 ppm",
		Language{}.State(ucare.Door, ucare.Active):     "open",
		ko.State(ucare.Door, ucare.Inactive):           "닫힘",
		Language{}.State(ucare.Door, ucare.Unknown):    "unknown",
		Language{}.State("no such kind", ucare.Active): "active",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRooms(t *testing.T) {
	ko, _ := Parse("ko")
	d := ucare.Dwelling{Rooms: []ucare.Room{{ID: "r1", Name: "Grandma's room"}, {ID: "kitchen"}}}
	en := Language{}
	for got, want := range map[string]string{
		en.Where("kitchen", en.Rooms(d)): "in the kitchen",
		ko.Where("kitchen", ko.Rooms(d)): "부엌에서",
		en.Where("r1", en.Rooms(d)):      "in Grandma's room",
		en.Where("bedroom-2", nil):       "in Bedroom 2",
		ko.Where("bedroom_2", nil):       "침실 2에서",
		en.Where("", nil):                "",
		en.Room("Living Room"):           "Living room",
		en.Room("zk7"):                   "zk7",
		en.Room(""):                      "No room given",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
