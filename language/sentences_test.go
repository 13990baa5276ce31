package language

import (
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

var (
	seoul = time.FixedZone("KST", 9*3600)
	onset = time.Date(2026, 11, 22, 7, 4, 0, 0, seoul)
)

func TestConcern(t *testing.T) {
	ko, _ := Parse("ko")
	measured := func(value, limit float64) []ucare.Evidence {
		return []ucare.Evidence{{Fact: ucare.FactMeasured, Kind: ucare.Temperature, Value: value, Limit: limit, Unit: "°C"}}
	}
	for _, c := range []struct {
		c       ucare.Concern
		settled time.Time
		en, ko  string
	}{
		{
			ucare.Concern{Rule: ucare.Climate, Room: "bedroom", Since: onset, Because: measured(14, 16)},
			time.Time{},
			"Too cold in the bedroom since 07:04 on 22 November.", "침실에서 측정한 온도가 너무 낮습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Concern{Rule: ucare.Climate, Room: "bedroom", Since: onset, Because: measured(35, 32)},
			time.Time{},
			"Too hot in the bedroom since 07:04 on 22 November.", "침실에서 측정한 온도가 너무 높습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Concern{Rule: ucare.CheckIn, Since: onset, Because: []ucare.Evidence{{Fact: ucare.FactNoCheckIn}}},
			time.Time{},
			"No check-in by 07:04 on 22 November.", "11월 22일 오전 7:04까지 안부 확인이 없었습니다.",
		},
		{
			ucare.Concern{Rule: ucare.Leak, Kind: ucare.WaterLeak, Room: "kitchen", Since: onset, Drill: true},
			time.Time{},
			"DRILL: Water where none should be, in the kitchen since 07:04 on 22 November.", "[훈련] 부엌에서 누수가 감지되었습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Concern{Rule: ucare.Inactivity, Kind: ucare.Motion, Room: "hall", Since: onset, Because: []ucare.Evidence{{Fact: ucare.FactQuietSince}}},
			time.Time{},
			"No sign of life since 07:04 on 22 November.", "활동이 감지되지 않았습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Concern{Rule: ucare.Inactivity, Kind: ucare.Motion, Since: onset, Because: []ucare.Evidence{{Fact: ucare.FactQuietSince}, {Fact: ucare.FactWentOut}}},
			time.Time{},
			"Out of the home since 07:04 on 22 November, longer than usual.", "평소보다 오래 외출 중입니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Concern{Rule: ucare.Inactivity, Kind: ucare.Link, Since: onset},
			time.Time{},
			"No sensor is left that would notice anybody since 07:04 on 22 November.", "활동을 감지할 수 있는 센서가 하나도 없습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Concern{Rule: ucare.NightOut, Since: onset},
			onset.Add(time.Hour),
			"Left home in the night, from 07:04 to 08:04 on 22 November.", "밤에 집을 나가 오래 돌아오지 않았습니다(11월 22일 오전 7:04부터 오전 8:04까지).",
		},
		{
			ucare.Concern{Rule: "later", Since: onset},
			time.Time{},
			"Something to look at, since 07:04 on 22 November.", "살펴볼 일이 있습니다(11월 22일 오전 7:04부터).",
		},
	} {
		if got := (Language{}).Concern(c.c, c.settled, nil); got != c.en {
			t.Errorf("%q, want %q", got, c.en)
		}
		if got := ko.Concern(c.c, c.settled, nil); got != c.ko {
			t.Errorf("%q, want %q", got, c.ko)
		}
	}
}

func TestAlarm(t *testing.T) {
	ko, _ := Parse("ko")
	for _, c := range []struct {
		a      ucare.Alarm
		en, ko string
	}{
		{
			ucare.Alarm{Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: onset},
			"Smoke in the kitchen since 07:04 on 22 November.",
			"부엌에서 연기가 감지되었습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Alarm{Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: onset, RestoredAt: onset.Add(time.Hour)},
			"Smoke in the kitchen from 07:04 to 08:04 on 22 November.",
			"부엌에서 연기가 감지되었습니다(11월 22일 오전 7:04부터 오전 8:04까지).",
		},
		{
			ucare.Alarm{Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen", Onset: onset, RestoredAt: onset.Add(17 * time.Hour)},
			"Smoke in the kitchen from 07:04 on 22 November to 00:04 on 23 November.",
			"부엌에서 연기가 감지되었습니다(11월 22일 오전 7:04부터 11월 23일 오전 12:04까지).",
		},
		{
			ucare.Alarm{Rule: ucare.Fire, Room: "hall", Onset: onset, UnknownAge: true},
			"Fire alarm in the hall for an unknown time (seen at 07:04 on 22 November).",
			"현관에서 화재 경보가 발생했습니다(시작 시각 알 수 없음, 11월 22일 오전 7:04 확인).",
		},
		{
			ucare.Alarm{Rule: ucare.Help, Kind: ucare.HelpButton, Room: "bedroom", Onset: onset, Drill: true},
			"DRILL: The help button was pressed in the bedroom at 07:04 on 22 November.",
			"[훈련] 침실에서 응급호출 버튼이 눌렸습니다(11월 22일 오전 7:04).",
		},
		{
			ucare.Alarm{Rule: ucare.Fall, Kind: ucare.FallSensor, Room: "toilet", Onset: onset},
			"A fall in the toilet at 07:04 on 22 November.",
			"화장실에서 낙상이 감지되었습니다(11월 22일 오전 7:04).",
		},
		{
			ucare.Alarm{Rule: ucare.Fall, Room: "toilet", Onset: onset},
			"Perhaps a fall in the toilet: nobody has been noticed anywhere else since 07:04 on 22 November.",
			"화장실에서 낙상이 의심됩니다. 다른 곳에서는 움직임이 없었습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Alarm{Rule: ucare.Inactivity, Onset: onset},
			"No sign of life since 07:04 on 22 November.",
			"활동이 감지되지 않았습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Alarm{Rule: ucare.Inactivity, Room: "toilet", Onset: onset},
			"No sign of life since 07:04 on 22 November; the last one was in the toilet.",
			"화장실에서 마지막으로 활동한 뒤 활동이 감지되지 않았습니다(11월 22일 오전 7:04부터).",
		},
		{
			ucare.Alarm{Rule: "later", Room: "kitchen", Onset: onset},
			"An alarm in the kitchen since 07:04 on 22 November.",
			"부엌에서 경보가 발생했습니다(11월 22일 오전 7:04부터).",
		},
	} {
		if got := (Language{}).Alarm(c.a, nil); got != c.en {
			t.Errorf("got  %s\nwant %s", got, c.en)
		}
		if got := ko.Alarm(c.a, nil); got != c.ko {
			t.Errorf("got  %s\nwant %s", got, c.ko)
		}
	}
}

func TestEvidence(t *testing.T) {
	ko, _ := Parse("ko")
	for _, c := range []struct {
		e      ucare.Evidence
		en, ko string
	}{
		{
			ucare.Evidence{Fact: ucare.FactDetected, Kind: ucare.Smoke, Room: "kitchen", At: onset},
			"Smoke detected in the kitchen at 07:04 on 22 November.",
			"11월 22일 오전 7:04 부엌에서 연기가 감지되었습니다.",
		},
		{
			ucare.Evidence{Fact: ucare.FactDetected, Kind: ucare.Heat},
			"Heat detected.", "열이 감지되었습니다.",
		},
		{
			ucare.Evidence{Fact: ucare.FactQuietSince, Room: "hall", At: onset, Seconds: 12 * 3600},
			"No sign of life for 12 h; the last one was in the hall at 07:04 on 22 November.",
			"12시간 동안 활동이 감지되지 않았습니다. 마지막 활동은 11월 22일 오전 7:04 현관에서 감지되었습니다.",
		},
		{
			ucare.Evidence{Fact: ucare.FactQuietSince, At: onset},
			"The last sign of life was at 07:04 on 22 November.",
			"마지막 활동은 11월 22일 오전 7:04 감지되었습니다.",
		},
		{
			ucare.Evidence{Fact: ucare.FactQuietSince, Seconds: 3600},
			"No sign of life for 1 h.", "1시간 동안 활동이 감지되지 않았습니다.",
		},
		{
			ucare.Evidence{Fact: ucare.FactUsualSilence, Seconds: 9 * 3600},
			"At this hour a silence of up to 9 h is usual.",
			"이 시간대에는 보통 9시간까지 활동이 없을 수 있습니다.",
		},
	} {
		if got := (Language{}).Evidence(c.e, nil, seoul); got != c.en {
			t.Errorf("got  %s\nwant %s", got, c.en)
		}
		if got := ko.Evidence(c.e, nil, seoul); got != c.ko {
			t.Errorf("got  %s\nwant %s", got, c.ko)
		}
	}
}

func TestFault(t *testing.T) {
	got := Language{}.Fault(ucare.Fault{Code: ucare.FaultBattery, Subject: "kitchen_smoke"})
	if got.Title != "Battery low: kitchen_smoke" || got.Action == "" || got.Meaning == "" {
		t.Errorf("a low battery reads %+v", got)
	}
	unknown := Language{}.Fault(ucare.Fault{Code: "from_the_future"})
	if !strings.Contains(unknown.Title, "from_the_future") || unknown.Action == "" {
		t.Errorf("a fault without a text reads %+v; its code must be seen", unknown)
	}
}

// The words are those of emergency/center, of the gateway, and of others.
func TestOutcomes(t *testing.T) {
	ko, _ := Parse("ko")
	for outcome, want := range map[string][2]string{
		"helped":                    {"Help was given", "도움을 제공함"},
		"resident is well":          {"The resident was reached and is well", "어르신과 연락됨, 이상 없음"},
		"false alarm: cooking":      {"False alarm: cooking", "오경보: 조리"},
		"false alarm: cooking: 토스트": {"False alarm: cooking – 토스트", "오경보: 조리 – 토스트"},
		"helped: a: b":              {"Help was given – a: b", "도움을 제공함 – a: b"},
		"other: Only a try.":        {"Only a try.", "Only a try."},
		"false alarm: a bird":       {"false alarm: a bird", "false alarm: a bird"},
		"helpedness":                {"helpedness", "helpedness"},
		"문을 열어 드림":                  {"문을 열어 드림", "문을 열어 드림"},
		string(ucare.Cancel):        {"Ended by the resident in time; nobody was called", "어르신이 제때 취소하여 아무 곳에도 알리지 않음"},
		"":                          {"", ""},
	} {
		if en, kor := (Language{}).Outcome(outcome), ko.Outcome(outcome); en != want[0] || kor != want[1] {
			t.Errorf("%q is %q, %q; want %q", outcome, en, kor, want)
		}
	}
}

func TestAFailingReceiverIsForWhoCanMendIt(t *testing.T) {
	for detail, want := range map[string]string{
		"": "cannot be reached",
		"dial tcp: lookup centre.example.org: no such host":                                                "cannot be reached",
		"it has not answered for 2m0s":                                                                     "cannot be reached",
		"the receiver answered 401":                                                                        "refuses",
		"the receiver answered 403: Forbidden":                                                             "refuses",
		"the receiver answered 404: Not Found: no such page":                                               "refuses",
		"the receiver at https://centre.example.org/v1/reports answered 404: Not Found: no such page":      "refuses",
		"the receiver at https://centre.example.org/v1/reports answered 502":                               "trouble of its own",
		"the answer of https://centre.example.org/v1/reports (status 200) is not the JSON of a receipt":    "trouble of its own",
		"the receiver's receipt is for report \"a\", not for b":                                            "trouble of its own",
		"post to https://answered-400.example.org/v1/reports: connect to 10.0.0.1:443: connection refused": "cannot be reached",
		"the receiver answered 413":                                                                        "refuses",
		"the receiver answered 429: Too Many Requests":                                                     "trouble of its own",
		"the receiver answered 503: Service Unavailable":                                                   "trouble of its own",
		"the receiver answered without a receipt for report r: it does not say":                            "trouble of its own",
		"report r waits for it, but the configuration has no such receiver":                                "not set up any more",
	} {
		got := Language{}.Fault(ucare.Fault{Code: ucare.FaultReceiver, Subject: "centre", Detail: detail})
		if !strings.Contains(got.Title, want) || !strings.HasSuffix(got.Title, ": centre") {
			t.Errorf("%q is %q, want %q", detail, got.Title, want)
		}
		if internet := strings.Contains(got.Action, "Internet"); internet != (want == "cannot be reached") {
			t.Errorf("%q sends people to %q", detail, got.Action)
		}
		for _, l := range All() {
			for _, text := range []string{l.Fault(ucare.Fault{Code: ucare.FaultReceiver, Detail: detail}).Meaning} {
				if strings.HasPrefix(text, "fault.") {
					t.Errorf("%s has no text for %q: %s", l, detail, text)
				}
			}
		}
	}
}

func TestNoAnswerShowsNoNameOfAMachine(t *testing.T) {
	for _, l := range All() {
		got := l.Fault(ucare.Fault{Code: ucare.FaultNoAnswer, Subject: "01JD-ALARM", Dwelling: "kim"})
		if strings.Contains(got.Title+got.Meaning+got.Action, "01JD") {
			t.Errorf("%s: %+v shows an alarm's id", l, got)
		}
	}
}

// Who wrote the mapping can mend it; who did not needs its makers.
func TestAnUnknownValueOfAMappingIsForWhoWroteIt(t *testing.T) {
	for _, l := range All() {
		own := l.Fault(ucare.Fault{Code: ucare.FaultUnknownValue, Detail: `state is "?"` + ucare.ByOwnMapping})
		if !strings.Contains(own.Action, "says_nothing") || !strings.Contains(own.Action, "mappings") {
			t.Errorf("%s: of an own mapping one is told %q", l, own.Action)
		}
		if other := l.Fault(ucare.Fault{Code: ucare.FaultUnknownValue, Detail: `state is "?"`}); strings.Contains(other.Action, "says_nothing") {
			t.Errorf("%s: without a mapping one is told %q", l, other.Action)
		}
	}
}

// A text is read as it stands: whatever it speaks of is filled in.
func TestEveryFaultIsToldInFull(t *testing.T) {
	for _, code := range vocabulary(t)["FaultCode"] {
		for _, l := range All() {
			text := l.Fault(ucare.Fault{Code: ucare.FaultCode(code), Subject: "hall"})
			if all := text.Title + text.Meaning + text.Action; strings.ContainsAny(all, "{}") {
				t.Errorf("%s: %s has a gap: %s", l, code, all)
			}
		}
	}
}

// One word for one thing, and the words that the page uses.
func TestKoreanFaultsUseOneWordForOneThing(t *testing.T) {
	ko, _ := Parse("ko")
	for _, code := range vocabulary(t)["FaultCode"] {
		text := ko.Fault(ucare.Fault{Code: ucare.FaultCode(code)})
		all := text.Title + text.Meaning + text.Action
		for _, other := range []string{"단추", "소식", "지켜보", "살펴볼", "자세한 내용", "조용", "주십시오"} {
			if strings.Contains(all, other) {
				t.Errorf("%s says %q: %s", code, other, all)
			}
		}
		if !strings.HasSuffix(text.Meaning, "니다.") || !strings.HasSuffix(text.Action, ".") {
			t.Errorf("%s is not in polite sentences: %s", code, all)
		}
	}
}
