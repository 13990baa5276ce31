package center

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func TestAGatewayThatIsRefusedAndKeepsTryingIsShownAndNeverBelieved(t *testing.T) {
	s := openSite(t, testConfig(t))
	const hostile = `gw-9<script>alert(1)</script>`
	r := smoke("a1", ucare.Raise, 1)
	r.SentBy = hostile + strings.Repeat("x", 1000)
	tries := func(n int) string {
		for range n {
			if status, body := s.post(signed(t, "/v1/reports", r.ID, r)); status != 401 {
				t.Fatalf("%d %s", status, body)
			}
		}
		return s.sees("/")
	}
	if page := tries(2); strings.Contains(page, "gw-9") {
		t.Error("two refusals are shown: that is nobody who keeps trying")
	}
	page := tries(2)
	if !strings.Contains(page, "Refused senders keep trying") || !strings.Contains(page, "refused 4 times") || !strings.Contains(page, "“gw-9&lt;script&gt;") {
		t.Errorf("it is not shown:\n%s", page)
	}
	if strings.Contains(page, "<script>alert") || strings.Contains(page, strings.Repeat("x", 65)) || strings.Contains(page, "Park") || len(s.list()) != 0 {
		t.Errorf("more than its name is shown:\n%s", page)
	}
}

func TestASenderThatIsPutRightIsNotShownAnyMore(t *testing.T) {
	s := openSite(t, testConfig(t))
	r := smoke("a1", ucare.Raise, 1)
	p := signed(t, "/v1/reports", r.ID, r)
	p.secret = secretC
	for range 3 {
		s.post(p)
	}
	if !strings.Contains(s.sees("/"), "“gw-1”: refused 3 times") {
		t.Error("a wrong secret is not shown")
	}
	s.sends(r)
	if strings.Contains(s.sees("/"), "Refused senders") {
		t.Error("it is still shown though it is verified now")
	}
}

func TestAFloodOfStrangersIsBoundedAndHidesNobody(t *testing.T) {
	var s strangers
	now, logged := onset, 0
	for i := range 100_000 { // ten ids a second, and our own every minute
		now = now.Add(100 * time.Millisecond)
		if i%600 == 5 {
			if s.refused("gw-1", true, now) {
				logged++
			}
		}
		if s.refused(fmt.Sprint("flood-", i), false, now) {
			logged++
		}
		if len(s.byID) > mostStrangers {
			t.Fatalf("%d are remembered", len(s.byID))
		}
	}
	all := s.insistent(now)
	if len(all) != 1 || len(s.byID) != mostStrangers || all[0].ID != "gw-1" || all[0].Count < 150 {
		t.Errorf("%+v", all)
	}
	if most := int(now.Sub(onset)/time.Second) + 200; logged > most {
		t.Errorf("%d lines in the log, want at most %d", logged, most)
	}
	if all := s.insistent(now.Add(2 * time.Hour)); len(all) != 0 {
		t.Errorf("two hours later: %+v", all)
	}
}

func TestOneStrangerIsALineInTheLogEachMinute(t *testing.T) {
	var log bytes.Buffer
	c, err := Open(t.Context(), testConfig(t), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := smoke("a1", ucare.Raise, 1)
	r.SentBy = "gw-9"
	for range 50 {
		c.Handler().ServeHTTP(httptest.NewRecorder(), signed(t, "/v1/reports", r.ID, r).request(t, "http://centre"))
	}
	if n := strings.Count(log.String(), "not verified"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestAReportOfUpTo256KiBIsTaken(t *testing.T) {
	s := openSite(t, testConfig(t))
	r := smoke("a1", ucare.Raise, 1)
	r.Texts = map[string]string{"en": strings.Repeat("x", 250<<10)}
	s.sends(r)
}

func TestAMadeUpNameTakesThePlaceOfAnotherAndNotOfOneOfOurs(t *testing.T) {
	for ours, want := range map[int]bool{0: true, 1: true, mostStrangers - 1: true, mostStrangers: false} {
		var s strangers
		now := onset
		for i := range mostStrangers {
			now = now.Add(2 * newStrangerEvery)
			s.refused(fmt.Sprint("id-", i), i < ours, now)
		}
		s.refused("new", false, now.Add(2*newStrangerEvery))
		if got := s.byID["new"] != nil; got != want || len(s.byID) != mostStrangers {
			t.Errorf("%d of ours: the new one is among the %d: %t", ours, len(s.byID), got)
		}
		for i := range ours {
			if s.byID[fmt.Sprint("id-", i)] == nil {
				t.Errorf("%d of ours: number %d has gone", ours, i)
			}
		}
	}
}
