package center

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

// Every route that is for operators refuses everybody else; a route that is in
// neither list here fails the test.
func TestNobodyButOperatorsGetsIn(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	machines := []string{"POST /v1/reports", "POST /v1/heartbeats", "GET /healthz"}
	operators := map[string]int{ // with what a right password gets
		"GET /v1/alarms": 200, "GET /v1/gateways": 200, "GET /{$}": 200, "GET /alarm": 404, "POST /acknowledge": 404, "POST /close": 404,
		"GET /assets/{file}": 404,
	}
	for _, r := range s.routes() {
		want, ofOperators := operators[r.pattern]
		if ofOperators != (r.operator != nil) || slices.Contains(machines, r.pattern) != (r.machine != nil) {
			t.Errorf("%s: who may use it is not what this test says", r.pattern)
		}
		if r.operator == nil {
			continue
		}
		method, path, _ := strings.Cut(r.pattern, " ")
		path = strings.NewReplacer("{$}", "", "{file}", "x").Replace(path)
		for name, c := range map[string]struct {
			user, password string
			status         int
		}{
			"nobody": {"", "", 401}, "wrong password": {"kim", "wrong horse", 401}, "empty password": {"kim", "", 401},
			"another's password": {"kim", "battery staple", 401}, "unknown": {"choi", "correct horse", 401}, "unknown without password": {"choi", "", 401},
			"operator": {"lee", "battery staple", want},
		} {
			req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader("outcome=helped"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.user != "" {
				req.SetBasicAuth(c.user, c.password)
			}
			s.door.failures = make(map[failureKey]failure) // the limit has a test of its own
			status, header, body := s.do(req)
			if status != c.status {
				t.Errorf("%s as %s: %d %s, want %d", r.pattern, name, status, body, c.status)
			}
			if status == 401 && (!strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic ") || strings.Contains(body, "Park")) {
				t.Errorf("%s as %s: %v %s", r.pattern, name, header, body)
			}
		}
	}
	if c := s.only(); !c.Alarm.AcknowledgedAt.IsZero() || !c.Alarm.ClosedAt.IsZero() {
		t.Errorf("somebody answered: %+v", c)
	}
}

func TestWhoGuessesPasswordsHasToWait(t *testing.T) {
	s := openSite(t, testConfig(t))
	as := func(password string) (int, http.Header) {
		r := s.asKim("/v1/alarms", nil)
		r.SetBasicAuth("kim", password)
		status, header, _ := s.do(r)
		return status, header
	}
	for range failuresAllowed {
		if status, _ := as("guess"); status != http.StatusUnauthorized {
			t.Fatalf("%d", status)
		}
	}
	if status, header := as("correct horse"); status != http.StatusTooManyRequests || header.Get("Retry-After") == "" {
		t.Errorf("%d after %d wrong passwords, want 429", status, failuresAllowed)
	}
	r := s.asKim("/v1/alarms", nil)
	r.SetBasicAuth("lee", "battery staple")
	if status, _, _ := s.do(r); status != http.StatusOK {
		t.Errorf("another operator is locked out: %d", status)
	}
	s.door.mu.Lock()
	for k, f := range s.door.failures {
		f.until = f.until.Add(-failuresWindow)
		s.door.failures[k] = f
	}
	s.door.mu.Unlock()
	if status, _ := as("correct horse"); status != http.StatusOK {
		t.Errorf("%d after the wait", status)
	}
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	own := strings.TrimPrefix(s.url, "http://")
	for _, c := range []struct {
		name, header, value string
		status              int
	}{
		{"a browser, from elsewhere", "Sec-Fetch-Site", "cross-site", 403},
		{"a browser, from a sister site", "Sec-Fetch-Site", "same-site", 403},
		{"a browser without TLS, from elsewhere", "Origin", "http://evil.example", 403},
		{"a browser that hides where from", "Origin", "null", 403},
		{"our page without TLS", "Origin", "http://" + own, 303},
		{"our page", "Sec-Fetch-Site", "same-origin", 303},
		{"a program", "X-Nothing", "", 303},
	} {
		for _, path := range []string{"/acknowledge", "/close"} {
			r := s.asKim(path, closing("a1", Helped, ""))
			r.Header.Set(c.header, c.value)
			if status, _, body := s.do(r); status != c.status {
				t.Errorf("%s, %s: %d %s, want %d", c.name, path, status, body, c.status)
			}
		}
		if c.status == 403 && (s.count("actions") != 0 || !s.only().Alarm.AcknowledgedAt.IsZero()) {
			t.Fatalf("%s: it had an effect", c.name)
		}
	}
}

func TestAnOperatorAcknowledgesAndCloses(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	page := s.sees("/")
	for _, want := range []string{
		"Fire: smoke", "Park Sun-ja", "77 Jeongneung-ro", `href="tel:025550412"`, "Old kitchen", "account 0412", "Not acknowledged",
		"Smoke detected in Old kitchen", "1 open, 1 not acknowledged",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the list does not say %q", want)
		}
	}
	s.submits("/acknowledge", about("a1"))
	s.submits("/acknowledge", about("a1")) // a second click changes nothing
	if c := s.only(); c.Alarm.AcknowledgedBy != "Kim Min-ji" || !c.Alarm.ClosedAt.IsZero() {
		t.Errorf("%+v", c.Alarm.Answers)
	}
	if page := s.sees("/"); !strings.Contains(page, "Acknowledged by Kim Min-ji") || strings.Contains(page, `action="/acknowledge"`) {
		t.Error("the list does not show the acknowledgement")
	}
	s.submits("/close", closing("a1", Cooking, "burnt toast"))
	c := s.only()
	if c.Alarm.ClosedBy != "Kim Min-ji" || c.Alarm.Outcome != "false alarm: cooking: burnt toast" || c.Outcome != Cooking {
		t.Errorf("%+v", c)
	}
	if page := s.sees("/"); !strings.Contains(page, "No open alarm.") || !strings.Contains(page, "False alarm: cooking – burnt toast") {
		t.Error("the list does not show the end")
	}
	s.submits("/close", closing("a1", Helped, "")) // the first stands
	if n := s.count("actions"); n != 2 {
		t.Errorf("%d actions, want 2", n)
	}
	page = s.sees("/alarm?" + about("a1").Encode())
	for _, want := range []string{"Raise report received, round 1", "Acknowledged by Kim Min-ji", "Closed by Kim Min-ji: False alarm: cooking – burnt toast"} {
		if !strings.Contains(page, want) {
			t.Errorf("the course does not say %q", want)
		}
	}
}

func TestClosingNeedsAnOutcome(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	for _, c := range []struct {
		form   url.Values
		status int
		says   string
	}{
		{closing("a1", "", "toast"), 400, "Choose how it ended."},
		{closing("a1", "fine", ""), 400, "Choose how it ended."},
		{closing("a1", Other, "  "), 400, "Say in your words what it was."},
		{closing("a1", Helped, strings.Repeat("바", 501)), 400, "at most 500 characters"},
		{closing("a9", Helped, ""), 404, "no such alarm"},
		{url.Values{"outcome": {"helped"}}, 404, "no such alarm"},
	} {
		r := s.asKim("/close", c.form)
		r.Header.Set("Accept", "text/html")
		status, _, body := s.do(r)
		if c.status == 404 {
			c.says = "There is no such page or alarm."
		}
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%v: %d, want %d … %s …", c.form, status, c.status, c.says)
		}
		if words := c.form.Get("words"); status == 400 && !strings.Contains(body, html.EscapeString(words)+"</textarea>") {
			t.Errorf("%v: what was written is gone", c.form)
		}
	}
	if !s.only().Alarm.ClosedAt.IsZero() {
		t.Error("closed all the same")
	}
	s.submits("/close", closing("a1", Helped, strings.Repeat("바", 500)))
}

func TestHostileNamesStayText(t *testing.T) {
	const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	s := openSite(t, testConfig(t))
	r := smoke("a1"+strings.ReplaceAll(hostile, " ", "/"), ucare.Raise, 1)
	r.Dwelling = ucare.Dwelling{
		ID: hostile, Account: hostile, Address: hostile, Resident: ucare.Resident{Name: hostile, Phone: `javascript:alert(3)` + hostile},
		Rooms: []ucare.Room{{ID: hostile, Name: hostile}},
	}
	r.Alarm.Room, r.Alarm.Kind, r.Alarm.Rule = hostile, ucare.Kind(hostile), ucare.Rule(hostile)
	r.Alarm.Because = []ucare.Evidence{{Fact: ucare.Fact(hostile), Room: hostile, Kind: ucare.Kind(hostile)}}
	r.Texts = map[string]string{"en": hostile}
	s.sends(r)
	tag := regexp.MustCompile(`(?i)<(script|img)[^>]*>`)
	for _, path := range []string{"/", "/alarm?" + about(r.Alarm.ID).Encode(), "/?lang=ko&" + url.Values{"x": {hostile}}.Encode()} {
		page := s.sees(path)
		for _, found := range tag.FindAllString(page, -1) {
			if found != `<script src="/assets/live.js" defer>` {
				t.Errorf("%s: %s", path, found)
			}
		}
		if strings.Contains(page, "javascript:") && strings.Contains(page, `href="javascript:`) || !strings.Contains(page, "&lt;script&gt;alert(1)") {
			t.Errorf("%s: not shown as text", path)
		}
	}
	s.submits("/close", closing(r.Alarm.ID, Other, hostile))
	if page := s.sees("/"); len(tag.FindAllString(page, -1)) != 1 {
		t.Error("an operator's words are not text")
	}
}

func TestDrillsAndUnknownAgeAreMarked(t *testing.T) {
	s := openSite(t, testConfig(t))
	drill, old := smoke("a1", ucare.Raise, 1), smoke("a2", ucare.Raise, 3)
	drill.Alarm.Drill, old.Alarm.UnknownAge = true, true
	s.sends(drill)
	s.sends(old)
	s.sends(smoke("a3", ucare.Restore, 1))
	s.sends(smoke("a4", ucare.Cancel, 1))
	page := s.sees("/")
	for text, times := range map[string]int{
		`<strong class="tag drill">Drill</strong>`: 1, `<strong class="tag">Age unknown</strong>`: 1, "Reported in round 3": 1,
		"The raise report has not arrived yet": 1, "Condition gone since": 1, "nothing was raised": 1, "3 open, 3 not acknowledged": 1,
	} {
		if n := strings.Count(page, text); n != times {
			t.Errorf("%q is there %d times, want %d", text, n, times)
		}
	}
}

func TestThePageIsInTheReadersLanguage(t *testing.T) {
	config := testConfig(t)
	config.Language, _ = language.Parse("ko")
	s := openSite(t, config)
	s.sends(smoke("a1", ucare.Raise, 1))
	read := func(path, accept, cookie string) (page, set string) {
		r := s.asKim(path, nil)
		r.Header.Set("Accept-Language", accept)
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: languageCookie, Value: cookie})
		}
		_, header, body := s.do(r)
		return body, header.Get("Set-Cookie")
	}
	for _, c := range []struct{ path, accept, cookie, tag, says string }{
		{"/", "", "", "ko", "진행 중인 경보"},
		{"/", "fr-FR, de;q=0.5", "", "ko", "진행 중인 경보"},
		{"/", "fr-FR, en;q=0.5", "", "en", "Open alarms"},
		{"/", "ko-KR,ko;q=0.9,en;q=0.8", "", "ko", "진행 중인 경보"},
		{"/?lang=ko", "en", "", "ko", "화재: 연기"},
		{"/", "en", "ko", "ko", "미확인"},
		{"/?lang=en", "ko", "ko", "en", "Not acknowledged"},
		{"/?lang=xx", "ko", "", "ko", "확인"},
		{"/alarm?lang=ko&" + about("a1").Encode(), "en", "", "ko", "경보 종결"},
	} {
		page, set := read(c.path, c.accept, c.cookie)
		if !strings.Contains(page, `<html lang="`+c.tag+`">`) || !strings.Contains(page, c.says) {
			t.Errorf("%+v: not in that language", c)
		}
		if switched := strings.Contains(c.path, "lang="+c.tag); switched != (set != "") {
			t.Errorf("%+v: Set-Cookie %q", c, set)
		}
	}
}

func TestEveryLanguageHasEveryText(t *testing.T) {
	english, err := readTexts("en")
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`\{\w+\}`)
	parameters := func(s string) []string {
		found := parameter.FindAllString(s, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	for _, l := range language.All() {
		texts, err := readTexts(l.Tag())
		if err != nil {
			t.Fatal(err)
		}
		for key, text := range english {
			if !slices.Equal(parameters(texts[key]), parameters(text)) || texts[key] == "" {
				t.Errorf("%s: %s: %q, in English %q", l.Tag(), key, texts[key], text)
			}
		}
		for key := range texts {
			if english[key] == "" {
				t.Errorf("%s: %s has no English text", l.Tag(), key)
			}
		}
	}
	for _, o := range Outcomes() {
		if english["outcome_"+string(o)] == "" {
			t.Errorf("outcome %s has no text", o)
		}
	}
}

// Every key that a page or the code asks for has a text, and every text is asked for.
func TestTextsAreUsed(t *testing.T) {
	english, err := readTexts("en")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`Say "(\w+)"`)
	used := make(map[string]bool)
	for _, name := range []string{"frame", "list", "alarm", "message"} {
		page, err := assetFiles.ReadFile("assets/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range asked.FindAllStringSubmatch(string(page), -1) {
			used[m[1]] = true
			if english[m[1]] == "" {
				t.Errorf("%s.html asks for %q, which has no text", name, m[1])
			}
		}
	}
	for _, key := range []string{
		"title", "title_count", "never", "rounds", "clock", "restored", "confirmed", "cancelled", "acknowledged", "waiting", "answered_in", "closed_by",
		"faults_none", "faults", "silent_never", "silent_heard", "fault_since", "fault_alarm", "silent_unknown", "sender_refused", "was_silent", "trouble_disk", "trouble_conflict",
		"wrong_outcome", "wrong_words", "wrong_long", "refused",
	} {
		used[key] = true
		if english[key] == "" {
			t.Errorf("%q has no text", key)
		}
	}
	for key := range english {
		family, _, _ := strings.Cut(key, "_")
		if !used[key] && family != "outcome" && family != "course" && family != "refused" {
			t.Errorf("nobody asks for %q", key)
		}
	}
}

func TestThePageNeedsNobodyElseAndNoScript(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	status, header, page := s.do(s.asKim("/", nil))
	if status != http.StatusOK {
		t.Fatal(status)
	}
	csp := header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !strings.Contains(page, `<noscript><meta http-equiv="refresh" content="10"></noscript>`) {
		t.Error("without JavaScript it does not come up to date")
	}
	for _, forbidden := range []string{"http://", "https://", "style=", "<style", " onclick", "javascript:"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page contains %q", forbidden)
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		status, header, _ := s.do(s.asKim(m[1], nil))
		if status != http.StatusOK || strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d %s", m[1], status, header.Get("Content-Type"))
		}
	}
	if len(page) > 20<<10 {
		t.Errorf("%d bytes for one alarm", len(page))
	}
}
