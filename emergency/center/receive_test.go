package center

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/sqlite"
)

func (s *site) count(table string) (n int) {
	s.t.Helper()
	err := s.store.file.Read(s.t.Context(), func(tx *sqlite.Tx) error {
		return tx.QueryRow("SELECT count(*) FROM " + table).Scan(&n)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestReportIsAnsweredWithAReceiptWhenItIsOnDisk(t *testing.T) {
	s := openSite(t, testConfig(t))
	before := time.Now().UTC().Truncate(time.Millisecond)
	reply := s.sends(smoke("a1", ucare.Raise, 1))
	if reply.Receipt == nil || reply.Receipt.Report != "a1-raise-1" || reply.Receipt.At.Before(before) {
		t.Fatalf("receipt %+v", reply.Receipt)
	}
	if len(reply.Answer) != 1 || reply.Answer[0].Alarm != "a1" || !reply.Answer[0].ReceivedAt.Equal(reply.Receipt.At) ||
		reply.Answer[0].ReceivedBy != "Seongbuk centre" || !reply.Answer[0].AcknowledgedAt.IsZero() {
		t.Errorf("answers %+v", reply.Answer)
	}
	if n := s.count("reports"); n != 1 {
		t.Errorf("%d reports on disk, want 1", n)
	}
}

func TestBadReportsAreRefusedWithAReason(t *testing.T) {
	report := func(change func(*emergency.Report)) posting {
		r := smoke("a1", ucare.Raise, 1)
		change(&r)
		return signed(t, "/v1/reports", r.ID, r)
	}
	raw := func(id, body string) posting {
		return posting{path: "/v1/reports", id: id, secret: secretA, at: time.Now(), body: []byte(body)}
	}
	good := report(func(*emergency.Report) {})
	with := func(change func(*posting)) posting {
		p := good
		p.header = http.Header{}
		change(&p)
		return p
	}
	const notVerified = "the signature does not verify"
	for _, c := range []struct {
		name   string
		p      posting
		status int
		says   string
	}{
		{"not JSON", raw("x", `smoke!`), 400, "not the JSON of a report"},
		{"empty", raw("x", ``), 400, "not the JSON of a report"},
		{"two bodies in one", raw("x", `{"sent_by":"gw-1"}{}`), 400, "not the JSON of a report"},
		{"another type", raw("x", `{"sent_by":"gw-1","id":"x","round":"one"}`), 400, "round"},
		{"no sender", raw("x", `{}`), 400, "sent_by is missing"},
		{"no id", report(func(r *emergency.Report) { r.ID = "" }), 401, "webhook-id is missing"},
		{"no id in the body", raw("x", `{"sent_by":"gw-1"}`), 400, "id is missing"},
		{"id with a blank", raw("a b", `{"sent_by":"gw-1","id":"a b"}`), 400, "visible characters"},
		{"another webhook-id", with(func(p *posting) { p.id = "other" }), 400, "both must be the same"},
		{"no alarm", report(func(r *emergency.Report) { r.Alarm.ID = "" }), 400, "alarm.id is missing"},
		{"alarm with a line break", report(func(r *emergency.Report) { r.Alarm.ID = "a\nb" }), 400, "alarm.id"},
		{"long alarm", report(func(r *emergency.Report) { r.Alarm.ID = strings.Repeat("a", 201) }), 400, "1 to 200"},
		{"unknown verb", report(func(r *emergency.Report) { r.Verb = "shout" }), 400, `verb "shout" is not one of raise, confirm, restore, cancel`},
		{"a fault is no report", report(func(r *emergency.Report) { r.Verb = ucare.TellFault }), 400, "not one of raise, confirm, restore, cancel"},
		{"too large", report(func(r *emergency.Report) { r.Texts = map[string]string{"en": strings.Repeat("x", 256<<10)} }), 413, "262144 bytes"},
		{"unknown gateway", report(func(r *emergency.Report) { r.SentBy = "gw-9" }), 401, notVerified},
		{"another gateway's secret", with(func(p *posting) { p.secret = secretB }), 401, notVerified},
		{"changed body", with(func(p *posting) {
			p.header["Webhook-Signature"] = []string{"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="}
		}), 401, notVerified},
		{"another kind of signature", with(func(p *posting) { p.header["Webhook-Signature"] = []string{"v1a,AAAA"} }), 401, notVerified},
		{"no signature", with(func(p *posting) { p.header["Webhook-Signature"] = nil }), 401, "webhook-signature is missing"},
		{"no time stamp", with(func(p *posting) { p.header["Webhook-Timestamp"] = nil }), 401, "webhook-timestamp is missing"},
		{"time stamp in words", with(func(p *posting) { p.header["Webhook-Timestamp"] = []string{"now"} }), 401, notVerified},
		{"time stamp changed", with(func(p *posting) { p.header["Webhook-Timestamp"] = []string{"1"} }), 401, notVerified},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openSite(t, testConfig(t))
			status, header, body := s.do(c.p.request(t, s.url))
			problem := decode[emergency.Problem](t, body)
			if status != c.status || problem.Status != c.status || problem.Title != http.StatusText(c.status) || !strings.Contains(problem.Detail, c.says) {
				t.Errorf("%d %s, want %d … %s …", status, body, c.status, c.says)
			}
			if got := header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("content type %q", got)
			}
			if s.count("reports") != 0 || s.count("alarms") != 0 {
				t.Error("something of it was stored")
			}
		})
	}
}

func TestAnUnknownGatewayAndABadSignatureCannotBeToldApart(t *testing.T) {
	s := openSite(t, testConfig(t))
	stranger, forger := smoke("a1", ucare.Raise, 1), smoke("a1", ucare.Raise, 1)
	stranger.SentBy = "gw-9"
	forged := signed(t, "/v1/reports", forger.ID, forger)
	forged.secret = secretC
	_, first := s.post(signed(t, "/v1/reports", stranger.ID, stranger))
	_, second := s.post(forged)
	if first != second {
		t.Errorf("%s is not %s", first, second)
	}
	zero := signed(t, "/v1/reports", stranger.ID, stranger)
	zero.secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" // what strangers are verified against
	if status, body := s.post(zero); status != http.StatusUnauthorized || body != first {
		t.Errorf("a stranger with the key of nobody: %d %s", status, body)
	}
}

func TestEachSecretOfAGatewayIsGoodWhileTheyAreChanged(t *testing.T) {
	s := openSite(t, testConfig(t))
	for n, secret := range []string{secretB, secretC} {
		r := smoke(fmt.Sprintf("a%d", n), ucare.Raise, 1)
		r.SentBy = "gw-2"
		p := signed(t, "/v1/reports", r.ID, r)
		p.secret = secret
		if status, body := s.post(p); status != http.StatusOK {
			t.Errorf("secret %d: %d %s", n, status, body)
		}
	}
}

func TestARepeatedReportGetsTheSameReceiptAndAddsNothing(t *testing.T) {
	s := openSite(t, testConfig(t))
	first := s.sends(smoke("a1", ucare.Raise, 1))
	s.submits("/acknowledge", about("a1"))
	again := s.sends(smoke("a1", ucare.Raise, 1))
	if *again.Receipt != *first.Receipt {
		t.Errorf("receipt %+v, want %+v", again.Receipt, first.Receipt)
	}
	if again.Answer[0].AcknowledgedBy != "Kim Min-ji" {
		t.Errorf("the repetition does not bring the acknowledgement: %+v", again.Answer)
	}
	if c := s.only(); c.Raises != 1 || c.Rounds != 1 || s.count("reports") != 1 {
		t.Errorf("%+v and %d reports", c, s.count("reports"))
	}
}

func TestASecondReportUnderTheSameNameIsKeptForAHuman(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	other := smoke("a1", ucare.Raise, 1)
	other.Alarm.Room = "bedroom"
	for range 2 { // it comes again and again; it is kept once
		status, body := s.post(signed(t, "/v1/reports", other.ID, other))
		if status != http.StatusOK || !strings.Contains(body, `"report":"`+other.ID+`"`) {
			t.Fatalf("%d %s, want a receipt: it is on disk, and sending it again helps nobody", status, body)
		}
	}
	if c := s.only(); c.Alarm.Room != "kitchen" {
		t.Errorf("the second report changed the alarm: %+v", c)
	}
	if n := s.count("conflicts"); n != 1 {
		t.Errorf("%d conflicts are kept, want 1", n)
	}
	if page := s.sees("/"); !strings.Contains(page, "Report a1-raise-1 of gateway gw-1 came twice") {
		t.Error("the page does not tell")
	}
}

func TestAGatewayWithAWrongClockStillGetsItsAlarmThrough(t *testing.T) {
	for _, by := range []time.Duration{-30 * 365 * 24 * time.Hour, -time.Hour, -4 * time.Minute, 4 * time.Minute, 24 * time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			s := openSite(t, testConfig(t))
			r := smoke("a1", ucare.Raise, 1)
			p := signed(t, "/v1/reports", r.ID, r)
			p.at = p.at.Add(by)
			if status, body := s.post(p); status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
			differs := time.Duration(s.only().ClockDiffersSeconds) * time.Second
			wrong := by.Abs() > 5*time.Minute
			if wrong && (differs-by).Abs() > 10*time.Second || !wrong && differs != 0 {
				t.Errorf("marked as %s off, is %s off", differs, by)
			}
			if marked := strings.Contains(s.sees("/"), "clock differs by"); marked != wrong {
				t.Errorf("marked on the page: %v, want %v", marked, wrong)
			}
		})
	}
}

func TestAnAlarmIsNotRefusedForADetail(t *testing.T) {
	s := openSite(t, testConfig(t))
	p := posting{path: "/v1/reports", id: "r1", secret: secretA, at: time.Now(), body: []byte(
		`{"id":"r1","verb":"raise","sent_by":"gw-1","alarm":{"id":"a1","rule":"flood","because":null},"texts":{"en":"Water everywhere"},"new_field":1}`)}
	if status, body := s.post(p); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	s.sends(smoke("a2", ucare.Raise, 1))
	if all := s.list(); all[0].Alarm.Rule != "fire" || all[1].Alarm.Rule != "flood" || all[1].priority() != 1 {
		t.Errorf("an unknown rule is not at the top: %+v", all)
	}
	if page := s.sees("/"); !strings.Contains(page, "Water everywhere") || !strings.Contains(page, "No address given") {
		t.Error("the page does not show it")
	}
}

func TestReportsOfTwoGatewaysWithTheSameNamesAreApart(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	r := smoke("a1", ucare.Raise, 1)
	r.SentBy = "gw-2"
	p := signed(t, "/v1/reports", r.ID, r)
	p.secret = secretB
	if status, body := s.post(p); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	s.submits("/acknowledge", about("a1"))
	for _, c := range s.list() {
		if seen := !c.Alarm.AcknowledgedAt.IsZero(); seen != (c.Gateway == "gw-1") {
			t.Errorf("%s acknowledged: %v", c.Gateway, seen)
		}
	}
}

func TestTwoHundredReportsAtOnceEachGetTheirReceipt(t *testing.T) {
	s := openSite(t, testConfig(t))
	const n = 200
	var wg sync.WaitGroup
	failed := make(chan string, n)
	for i := range n {
		r := smoke(fmt.Sprintf("a%d", i%50), ucare.Raise, 1+i/50)
		req := signed(t, "/v1/reports", r.ID, r).request(t, s.url)
		wg.Go(func() {
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				failed <- err.Error()
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				failed <- resp.Status
			}
		})
	}
	wg.Wait()
	close(failed)
	for why := range failed {
		t.Error(why)
	}
	all := s.list()
	if len(all) != 50 || s.count("reports") != n {
		t.Errorf("%d alarms and %d reports, want 50 and %d", len(all), s.count("reports"), n)
	}
	for _, c := range all {
		if c.Raises != 4 || c.Rounds != 4 {
			t.Errorf("%s: %d raises, round %d, want 4 and 4", c.Alarm.ID, c.Raises, c.Rounds)
		}
	}
}

// A full disk: no receipt, so that the gateway keeps the report, and yet the
// operators see the alarm.
func TestAnAlarmIsSeenAlthoughTheDiskIsFull(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a0", ucare.Raise, 1))
	s.pages(1) // no more pages than there are
	r := smoke("a1", ucare.Raise, 1)
	r.Texts = map[string]string{"en": strings.Repeat("x", 60<<10)} // does not fit into a free page
	for range 2 {
		p := signed(t, "/v1/reports", r.ID, r)
		status, header, body := s.do(p.request(t, s.url))
		if status != http.StatusInsufficientStorage || header.Get("Retry-After") == "" || strings.Contains(body, "receipt") {
			t.Fatalf("%d %s", status, body)
		}
	}
	if page := s.sees("/"); !strings.Contains(page, "Not saved") || strings.Count(page, "Park Sun-ja</p>") != 2 {
		t.Error("the page does not show the alarm that could not be saved")
	}
	s.pages(100_000)
	s.sends(r)
	if page := s.sees("/"); strings.Contains(page, "Not saved") {
		t.Error("still called unsaved")
	}
	for _, c := range s.list() {
		if c.Unsaved || c.Raises != 1 {
			t.Errorf("%+v", c)
		}
	}
}

// pages sets how many pages the file may have.
func (s *site) pages(most int) {
	s.t.Helper()
	err := s.store.file.Write(s.t.Context(), func(tx *sqlite.Tx) error {
		return tx.QueryRow(fmt.Sprintf("PRAGMA max_page_count=%d", most)).Scan(new(int))
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestHealthIsThatTheFileCanBeRead(t *testing.T) {
	s := openSite(t, testConfig(t))
	get := func() (int, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/healthz", bytes.NewReader(nil))
		if err != nil {
			t.Fatal(err)
		}
		status, _, body := s.do(r)
		return status, body
	}
	if status, body := get(); status != http.StatusOK || !strings.Contains(body, `"ok"`) {
		t.Errorf("%d %s", status, body)
	}
	if err := s.store.file.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := get(); status != http.StatusServiceUnavailable {
		t.Errorf("%d with a closed file, want 503", status)
	}
	status, _, page := s.do(s.asKim("/", nil))
	if status != http.StatusServiceUnavailable || !strings.Contains(page, "disk cannot be read") {
		t.Errorf("the list with a closed file: %d", status)
	}
}
