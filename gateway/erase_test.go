package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/influx"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors/supervision"
)

const twoHomesConfig = `gateway: {id: gw, data: data, listen: "127.0.0.1:0", language: en, time_zone: UTC, journal: {ballast: 1MiB}%s}
dwellings: [%s]
sensors: {broker: {listen: "127.0.0.1:0", devices: [{id: bridge, password_file: password, publish: ["#"]}]}}
emergency:
  receivers: [{id: centre, webhook: {url: "http://127.0.0.1:1/", secret_file: secret}}]
  routes: [{id: all, rules: [fire, help, fall, inactivity], steps: [{receivers: [centre], within: 60s}]}]
`

// homeOf configures a home in which everything has the home's name in it.
func homeOf(id string) string {
	more := ""
	if id == mayer { // also hears a device on the other one's bridge
		more = ", {topic: zigbee-otherhouse/both, path: hers, kind: use, on: [true], event: true, sensor: both}"
	}
	return fmt.Sprintf(`{id: %[1]s, account: "%[1]s", address: %[1]s street, resident: {name: Mrs %[1]s, phone: "010-%[1]s"}, rooms: [{id: %[1]s-kitchen}],
  zigbee2mqtt: {base_topic: zigbee-%[1]s}, homeassistant: {base_topic: announced-%[1]s},
  sensors: [{id: %[1]s-smoke, room: %[1]s-kitchen}, {id: %[1]s-pir, room: %[1]s-kitchen, topic: pirs/%[1]s}],
  mappings: [{topic: bells/%[1]s, kind: use, event: true, sensor: %[1]s-bell}%[2]s]}`, id, more)
}

const (
	mayer = "mayerhouse" // who is erased
	other = "otherhouse"
)

func configOf(t testing.TB, dir, more string, homes ...string) *configs.Gateway {
	t.Helper()
	var all []string
	for _, id := range homes {
		all = append(all, homeOf(id))
	}
	for name, content := range map[string]string{
		"ucare.yaml": fmt.Sprintf(twoHomesConfig, more, strings.Join(all, ", ")),
		"password":   "correct horse", "token": "ucare:secret",
		"secret": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := configs.Load(filepath.Join(dir, "ucare.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lived is a data directory in which homes have lived for two days.
type lived struct {
	c      *configs.Gateway
	states map[string]*rules.State // as the rules left them
	last   int64                   // entry of the log
	at     time.Time               // of the last entry
}

// say is what a home's devices say every half hour, each in its own way.
func say(home string, n int) []journal.Entry {
	on := n%2 == 0
	message := func(topic, payload string) journal.Entry {
		return journal.Entry{Kind: journal.Message, Source: "broker:bridge", Topic: topic, Payload: []byte(payload), QoS: 1}
	}
	entries := []journal.Entry{
		message("ucare/"+home+"/"+home+"-smoke", fmt.Sprintf(`{"kind":"smoke","active":%v}`, on)),
		message("pirs/"+home, `{"kind":"motion","active":true}`),
		message("zigbee-"+home+"/bridge/devices", fmt.Sprintf(`[{"friendly_name":"%s door","ieee_address":"0x01","type":"EndDevice","supported":true,"definition":{
			"model":"m","vendor":"v","exposes":[{"type":"binary","name":"contact","property":"contact","access":1,"value_on":false,"value_off":true}]}}]`, home)),
		message("zigbee-"+home+"/"+home+" door", fmt.Sprintf(`{"contact":%v}`, on)),
		message("announced-"+home+"/binary_sensor/"+home+"_bath/config", fmt.Sprintf(
			`{"name":"motion","state_topic":"own/%[1]s-bath","device_class":"motion","unique_id":"%[1]s-bath","device":{"identifiers":["%[1]s-bath"],"name":"%[1]s-bath"}}`, home)),
		message("own/"+home+"-bath", map[bool]string{true: "ON", false: "OFF"}[on]),
		message("bells/"+home, "ding"),
		message("nobody/"+home, "what is this? "+home),
	}
	if n == 20 {
		p, _ := json.Marshal(profile{home, rules.Profile{Days: 3}})
		entries = append(entries, journal.Entry{Kind: journal.Profile, Source: "gateway", Payload: p})
	}
	return entries
}

// live lets homes live for a while, with all that a gateway keeps of it.
func live(t testing.TB, c *configs.Gateway) lived {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.MkdirAll(c.Box.Data, 0o700))
	j, _, err := journal.Open(t.Context(), filepath.Join(c.Box.Data, "journal.db"), journal.Options{BallastBytes: -1})
	check(err)
	options, err := HistoryOptions(c, true)
	check(err)
	h := history.New(options)
	f := newFold(NewDecoder(c), supervision.New(topicsOf(c)), policiesOf(c), dwellingIDs(c.Homes()))
	var all []journal.Entry
	now := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -2)
	for n := range 50 {
		at := now.Add(time.Duration(n) * 30 * time.Minute)
		for _, d := range c.Dwellings {
			for _, e := range say(d.ID, n) {
				e.At = at
				all = append(all, e)
			}
		}
		all = append(all, journal.Entry{At: at, Kind: journal.Tick, Source: "gateway", Payload: []byte("{}")})
	}
	// The last word is of who is erased.
	all = append(all, journal.Entry{At: now.Add(26 * time.Hour), Kind: journal.Message, Source: "broker:bridge", Topic: "pirs/" + c.Dwellings[0].ID, Payload: []byte(`{"kind":"motion","active":true}`)})
	cases := newCases(routesOf(c), nil)
	var last journal.Entry
	var readings []ucare.Reading
	for _, e := range all {
		last, err = j.Append(t.Context(), e)
		check(err)
		out := f.entry(last)
		readings = append(readings, out.readings...)
		if len(out.decisions) == 0 {
			continue
		}
		work := cases.take(out.decisions)
		check(j.Decide(t.Context(), journal.Folded{Seq: last.Seq, Decisions: out.decisions, Alarms: work.alarms, Deliveries: toJournal(work.deliveries)}))
		for _, a := range work.alarms {
			if !a.RestoredAt.IsZero() {
				_, err := j.Answered(t.Context(), a.ID, last.At, ucare.Answers{
					ReceivedAt: last.At, ReceivedBy: "centre", AcknowledgedAt: last.At, AcknowledgedBy: "operator", ClosedAt: last.At, ClosedBy: "operator", Outcome: "helped " + a.Dwelling,
				})
				check(err)
			}
		}
	}
	check(h.Append(t.Context(), readings, last.Seq))
	state, err := f.save()
	check(err)
	last.Seq = j.LastPlace()
	check(j.Decide(t.Context(), journal.Folded{Seq: last.Seq}))
	check(j.SaveCheckpoint(t.Context(), journal.Checkpoint{Seq: last.Seq, Version: stateVersion, State: state}))
	decoder, err := json.Marshal(f.decoder)
	check(err)
	place, err := json.Marshal(chronicleState{Version: memoryVersion, Journal: "this", Decoder: decoder})
	check(err)
	check(h.SavePlace(t.Context(), history.Place{Seq: last.Seq, State: place}))
	check(h.Close())
	check(j.Close())
	litter(t, c)
	return lived{c: c, states: f.states, last: last.Seq, at: last.At}
}

// litter leaves what else may name a home in a data directory.
func litter(t testing.TB, c *configs.Gateway) {
	t.Helper()
	for name, content := range map[string]string{
		"told.json":                               `["announced-otherhouse/device/ucare_otherhouse/config","ucare/mayerhouse/gateway/state","ucare/otherhouse/gateway/state"]`,
		"subscriptions.json":                      `["announced-otherhouse/status","kitchen/of/her","pirs/otherhouse","ucare/gw/canary/+","ucare/mayerhouse/+","ucare/otherhouse/+","zigbee-otherhouse/#"]`,
		"journal.db.corrupt-20260101T000000Z":     "SQLite format 3 mayerhouse",
		"history.db.corrupt-20260101T000000Z-wal": "mayerhouse",
		"alive": "2026-01-01T00:00:00Z",
	} {
		if err := os.WriteFile(filepath.Join(c.Box.Data, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// whoNames lists the files of a folder that have a text in them or in their names.
func whoNames(t testing.TB, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) || strings.Contains(path, text) {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func erase(t *testing.T, c *configs.Gateway, dwelling string) Erasure {
	t.Helper()
	e, err := NewEraser(t.Context(), EraseOptions{Config: c, Dwelling: dwelling})
	if err != nil {
		t.Fatal(err)
	}
	done, err := e.Run(t.Context(), "the family", "test")
	if err := errors.Join(err, e.Close()); err != nil {
		t.Fatal(err)
	}
	return done
}

func TestNothingOfAnErasedDwellingIsLeftInAnyByte(t *testing.T) {
	for name, homes := range map[string][]string{"alone": {mayer}, "beside another": {mayer, other}} {
		t.Run(name, func(t *testing.T) {
			c := configOf(t, t.TempDir(), "", homes...)
			live(t, c)
			if found := whoNames(t, c.Box.Data, mayer); !slices.Contains(found, "journal.db") || !slices.Contains(found, "history.db") {
				t.Fatalf("only %v name the home before: this test looks at nothing", found)
			}
			done := erase(t, c, mayer)
			if done.Left != nil || !done.Record.Complete {
				t.Errorf("not everything is erased: %v", done.Left)
			}
			for _, p := range done.Record.Places {
				if p.Before == nil || p.After == nil || *p.After != 0 || *p.Before == 0 && !strings.HasPrefix(p.Name, "history_") {
					t.Errorf("in %s there was %v before and %v after", p.Name, p.Before, p.After)
				}
			}
			if found := whoNames(t, c.Box.Data, mayer); len(found) > 0 {
				t.Errorf("%v still name the home", found)
			}
			g, err := New(t.Context(), Options{Config: c, Version: "test", Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			if s := g.watch.fold.states[mayer]; !s.Silence.Last.IsZero() || len(s.Pending()) > 0 {
				t.Errorf("after a start the rules know of the home: %+v", s)
			}
			for _, s := range g.watch.fold.decoder.Sensors() {
				if s.Dwelling == mayer && !s.LastHeard.IsZero() {
					t.Errorf("after a start %s is known", s.ID)
				}
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnErasureHarmsNoOtherDwelling(t *testing.T) {
	c := configOf(t, t.TempDir(), "", mayer, other)
	before := live(t, c)
	kept := pastOf(t, c, other)
	if done := erase(t, c, mayer); done.Left != nil {
		t.Fatal(done.Left)
	}
	after := pastOf(t, c, other)
	if kept != after {
		t.Errorf("of the other home there was\n%s\nand is\n%s", kept, after)
	}
	if got := whoNames(t, c.Box.Data, `["announced-otherhouse/device/ucare_otherhouse/config","ucare/otherhouse/gateway/state"]`); len(got) != 1 {
		t.Errorf("the topics that brokers keep are not the other home's: %v", got)
	}
	if got := whoNames(t, c.Box.Data, `["announced-otherhouse/status","pirs/otherhouse","ucare/gw/canary/+","ucare/otherhouse/+","zigbee-otherhouse/#"]`); len(got) != 1 {
		t.Errorf("the subscriptions are not the other home's: %v", got)
	}
	g, err := New(t.Context(), Options{Config: c, Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	want, _ := json.Marshal(before.states[other])
	if got, _ := json.Marshal(g.watch.fold.states[other]); !bytes.Equal(got, want) {
		t.Errorf("the rules' state of the other home is\n%s\nwant\n%s", got, want)
	}
	if last := g.journal.LastPlace(); last != before.last {
		t.Errorf("the last entry is %d, want %d: a number that is given twice is taken for decided", last, before.last)
	}
}

// pastOf is all that is stored of a dwelling, as text.
func pastOf(t *testing.T, c *configs.Gateway, dwelling string) string {
	t.Helper()
	var out strings.Builder
	options, err := HistoryOptions(c, false)
	if err != nil {
		t.Fatal(err)
	}
	h := history.New(options)
	defer h.Close()
	for r, err := range h.Between(t.Context(), dwelling, time.Unix(0, 0), time.Now().AddDate(1, 0, 0)) {
		if err != nil {
			t.Fatal(err)
		}
		line, _ := json.Marshal(r)
		out.Write(append(line, '\n'))
	}
	r, err := journal.OpenToRead(t.Context(), filepath.Join(c.Box.Data, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	alarms, err := r.Alarms(t.Context(), dwelling, time.Unix(0, 0), time.Now().AddDate(1, 0, 0))
	if err != nil || len(alarms) == 0 {
		t.Fatalf("%d alarms, %v", len(alarms), err)
	}
	decisions, err := r.Decisions(t.Context(), dwelling, time.Unix(0, 0), time.Now().AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	deliveries, err := r.Deliveries(t.Context(), dwelling, time.Unix(0, 0), time.Now().AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := r.After(t.Context(), 0, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	entries = slices.DeleteFunc(entries, func(e journal.Entry) bool {
		return !bytes.Contains(e.Payload, []byte(dwelling)) && !strings.Contains(e.Topic, dwelling) || strings.HasPrefix(e.Topic, "nobody/")
	})
	fmt.Fprintf(&out, "%v\n%v\n%v\n%d entries: %v\n", alarms, decisions, deliveries, len(entries), entries)
	return out.String()
}

// Whatever ended an erasure, another one finishes it, and its record tells of the whole.
func TestAnErasureThatWasEndedIsFinishedByTheNext(t *testing.T) {
	steps := []string{"entries", "decided", "history", "files"}
	for n := range steps {
		t.Run("after "+steps[n], func(t *testing.T) {
			c := configOf(t, t.TempDir(), "", mayer, other)
			live(t, c)
			e, err := NewEraser(t.Context(), EraseOptions{Config: c, Dwelling: mayer})
			if err != nil {
				t.Fatal(err)
			}
			key, err := pseudonymKey(c.Box.Data)
			if err != nil {
				t.Fatal(err)
			}
			first, err := e.begin(t.Context(), pseudonym(key, mayer))
			if err != nil {
				t.Fatal(err)
			}
			for i, step := range []func() error{
				func() error { return e.eraseEntries(t.Context()) },
				func() error {
					rest, err := forgetting(e.c, e.dwelling, e.saved)
					if err == nil {
						_, err = e.journal.EraseDecided(t.Context(), mayer, rest)
					}
					return err
				},
				func() error { return e.eraseHistory(t.Context()) },
				e.eraseFiles,
			} {
				if i <= n {
					if err := step(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			done := erase(t, c, mayer)
			if done.Left != nil {
				t.Fatal(done.Left)
			}
			if found := whoNames(t, c.Box.Data, mayer); len(found) > 0 {
				t.Errorf("%v still name the home", found)
			}
			for _, p := range done.Record.Places {
				for _, before := range first.Places {
					if before.Name == p.Name && *p.Before < before.Count {
						t.Errorf("the record says that %d were in %s, there were %d", *p.Before, p.Name, before.Count)
					}
				}
			}
		})
	}
}

// After an upgrade the states cannot be read until the gateway has run. By them it is known
// which topics the devices of the other dwelling have told: without, its messages would go.
func TestAnErasureThatCannotReadTheStatesTakesNothing(t *testing.T) {
	for name, spoil := range map[string]func(*Eraser) error{
		"of the rules": func(e *Eraser) error {
			e.saved.Version = "gateway/1"
			return nil
		},
		"of the history": func(e *Eraser) error {
			place, err := e.history.Place(t.Context())
			if err != nil {
				return err
			}
			place.State = bytes.Replace(place.State, []byte(memoryVersion), []byte("gateway/1"), 1)
			return e.history.SavePlace(t.Context(), place)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := configOf(t, t.TempDir(), "", mayer, other)
			live(t, c)
			e, err := NewEraser(t.Context(), EraseOptions{Config: c, Dwelling: mayer})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			before, err := e.journal.After(t.Context(), 0, 100_000)
			if err == nil {
				err = spoil(e)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Erase(t.Context()); err == nil || !strings.Contains(err.Error(), "start the gateway once") {
				t.Errorf("it is erased: %v", err)
			}
			if after, err := e.journal.After(t.Context(), 0, 100_000); err != nil || len(after) != len(before) {
				t.Errorf("%d entries are left of %d, %v", len(after), len(before), err)
			}
		})
	}
}

func TestARunningGatewayIsNotErased(t *testing.T) {
	c := configOf(t, t.TempDir(), "", mayer)
	live(t, c)
	g, err := New(t.Context(), Options{Config: c, Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, err := NewEraser(t.Context(), EraseOptions{Config: c, Dwelling: mayer}); !errors.Is(err, ErrRunning) {
		t.Errorf("got %v", err)
	}
}

// Where two homes listen to one topic, it is the message that says whose it is.
func TestAMessageOnATopicOfTwoHomesGoesWithTheOneItSpeaksOf(t *testing.T) {
	c := configOf(t, t.TempDir(), "", mayer, other)
	o, err := newOwner(c, mayer, nil, func(alarm string) (bool, error) { return alarm == "theirs", nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []struct {
		kind           journal.EntryKind
		topic, payload string
		goes           bool
	}{
		{journal.Message, "zigbee-otherhouse/both", `{"hers":true}`, true},
		{journal.Message, "zigbee-otherhouse/both", `{"smoke":true}`, false},
		{journal.Message, "zigbee-otherhouse/hall", `{"smoke":true}`, false},
		{journal.Message, "zigbee-mayerhouse/hall", `{"smoke":true}`, true},
		{journal.Message, "bells/mayerhouse", `ding`, true},
		{journal.Message, "pirs/otherhouse", `ON`, false},
		{journal.Message, "of/nobody", `?`, true}, // hers, for all we know
		{journal.Answer, "", `{"alarm":"theirs"}`, false},
		{journal.Answer, "", `{"alarm":"unknown"}`, true},
		{journal.Answer, "", `broken`, true},
		{journal.Profile, "", `{"dwelling":"otherhouse","profile":{}}`, false},
		{journal.Profile, "", `{"dwelling":"mayerhouse","profile":{}}`, true},
		{journal.Tick, "", `{}`, false},
		{journal.Start, "", `{}`, false},
		{"later", "", `{}`, true},
	} {
		goes, err := o.owns(journal.Entry{At: time.Now(), Kind: e.kind, Topic: e.topic, Payload: []byte(e.payload)})
		if err != nil || goes != e.goes {
			t.Errorf("%s %s %s goes: %v, %v", e.kind, e.topic, e.payload, goes, err)
		}
	}
}

func TestARecordIsSignedAndNamesNobody(t *testing.T) {
	c := configOf(t, t.TempDir(), "", mayer, other)
	live(t, c)
	done := erase(t, c, mayer)
	file, err := os.ReadFile(done.JSON)
	if err != nil {
		t.Fatal(err)
	}
	r, key, err := VerifyRecord(file)
	if err != nil || r.By != "the family" || r.Gateway != "gw" || !r.Complete {
		t.Fatalf("%+v, %v", r, err)
	}
	if own, err := RecordKey(c); err != nil || own != key {
		t.Errorf("the key is %s, the gateway's %s (%v)", key, own, err)
	}
	pseudonyms, err := pseudonymKey(c.Box.Data)
	if err != nil {
		t.Fatal(err)
	}
	server, err := influx.New(influx.Config{URL: "http://127.0.0.1:1", Bucket: "a", Hours: "b", Key: pseudonyms}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := server.Dwelling(mayer); r.Dwelling != want {
		t.Errorf("the home is %s in the record and %s on the InfluxDB", r.Dwelling, want)
	}
	for _, forged := range []string{
		strings.Replace(string(file), "the family", "a stranger", 1),
		strings.Replace(string(file), `"complete": true`, `"complete": false`, 1),
		strings.Replace(string(file), key, base64.StdEncoding.EncodeToString(make([]byte, 32)), 1),
	} {
		if forged == string(file) {
			t.Fatal("nothing was forged")
		}
		if _, _, err := VerifyRecord([]byte(forged)); !errors.Is(err, ErrNotSigned) {
			t.Errorf("a forged record is taken: %v", err)
		}
	}
	info, err := os.Stat(filepath.Join(c.Box.Data, erasureKeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the key: %v %v", info, err)
	}
}

func TestTheIDOfAHomeIsAWord(t *testing.T) {
	for text, want := range map[string]bool{
		`ucare/kim/pir`: true, `"kim"`: true, `kim`: true, `ucare_kim/x`: true, `hakim`: false, `kim-2`: false, `kimberley kim`: true, ``: false,
	} {
		if got := names([]byte(text), "kim"); got != want {
			t.Errorf("%q names kim: %v", text, got)
		}
	}
}

// Who has moved out may have gone from the configuration before they are erased.
func TestADwellingThatIsNotConfiguredAnyMoreIsErased(t *testing.T) {
	dir := t.TempDir()
	live(t, configOf(t, dir, "", mayer, other))
	c := configOf(t, dir, "", other)
	kept := pastOf(t, c, other)
	e, err := NewEraser(t.Context(), EraseOptions{Config: c, Dwelling: mayer})
	if err != nil {
		t.Fatal(err)
	}
	known, err := e.Known(t.Context())
	if err := errors.Join(err, e.Close()); err != nil || !known {
		t.Fatalf("it is known: %v, %v", known, err)
	}
	if done := erase(t, c, mayer); done.Left != nil {
		t.Fatal(done.Left)
	}
	if found := whoNames(t, c.Box.Data, mayer); len(found) > 0 {
		t.Errorf("%v still name the home", found)
	}
	if after := pastOf(t, c, other); kept != after {
		t.Errorf("of the other home there was\n%s\nand is\n%s", kept, after)
	}
}

// A file that no gateway wrote may hold what others need.
func TestAForeignFileThatNamesTheHomeIsToldAndNotTakenFromOthers(t *testing.T) {
	for name, homes := range map[string][]string{"alone": {mayer}, "beside another": {mayer, other}} {
		t.Run(name, func(t *testing.T) {
			c := configOf(t, t.TempDir(), "", homes...)
			live(t, c)
			backup := filepath.Join(c.Box.Data, "backup.tar")
			if err := os.WriteFile(backup, []byte("Mrs "+mayer), 0o600); err != nil {
				t.Fatal(err)
			}
			done := erase(t, c, mayer)
			_, err := os.Stat(backup)
			switch alone := len(homes) == 1; {
			case alone && (done.Left != nil || err == nil):
				t.Errorf("it is left: %v, %v", done.Left, err)
			case !alone && (!errors.Is(done.Left, ErrForeign) || done.Record.Complete || err != nil):
				t.Errorf("got %v, %v", done.Left, err)
			}
		})
	}
}
