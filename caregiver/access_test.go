package caregiver

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func basic(id, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+password))
}

// callers are all kinds of visitors, by their Authorization.
var callers = map[string]struct {
	authorization string
	known         bool
	dwellings     []string
}{
	"nobody signed in":             {"", false, nil},
	"an unknown id":                {basic("burglar", password), false, nil},
	"a wrong password":             {basic("daughter", "correct hors"), false, nil},
	"an empty password":            {basic("daughter", ""), false, nil},
	"somebody else's password":     {basic("daughter", password+" 2"), false, nil},
	"nonsense":                     {"Basic !!!", false, nil},
	"a token":                      {"Bearer " + password, false, nil},
	"the daughter":                 {basic("daughter", password), true, []string{"own"}},
	"the worker of two":            {basic("worker", password+" 2"), true, []string{"own", "second"}},
	"a person without dwellings":   {basic("nobody", password+" 3"), true, nil},
	"an id and password swapped":   {basic(password, "daughter"), false, nil},
	"a colon moved into the id":    {basic("daughter:correct", "horse"), false, nil},
	"a password with a zero added": {basic("daughter", password+"\x00"), false, nil},
}

// TestEveryRouteForEveryCaller goes through the routes of the site itself, so
// that a new one is held to the same rules.
func TestEveryRouteForEveryCaller(t *testing.T) {
	h := newHome()
	h.days = lifeUntil("2020-11-20", 3)
	for _, d := range h.dwellings {
		h.now[d.ID] = Snapshot{LastSign: Sign{time.Now(), "kitchen"}, Alarms: []ucare.Alarm{{ID: d.ID, Rule: ucare.Help, RaisedAt: time.Now()}}}
	}
	var seen looks
	s, err := newSite(h.options(&seen))
	if err != nil {
		t.Fatal(err)
	}
	handler := s.handler()
	routes := append(s.routes(), route{pattern: "GET /somewhere/else"}, route{pattern: "POST /dwelling/{dwelling}"},
		route{pattern: "GET /api/v2"}, route{pattern: "POST /api/v1/dwellings/{dwelling}/days"}, route{pattern: "GET /api/v1/dwellings/{dwelling}"})
	for _, route := range routes {
		method, pattern, _ := strings.Cut(route.pattern, " ")
		for _, dwelling := range []string{"own", "second", "other", "no-such", "moved-away", "..%2fother", "%00"} {
			address := strings.NewReplacer("{$}", "", "{dwelling}", dwelling, "{file}", "style.css", "{date}", "2020-11-20").Replace(pattern)
			for name, c := range callers {
				seen.all = nil
				w := serve(t, handler, method, address, c.authorization)
				want := wanted(route, c.known, slices.Contains(c.dwellings, dwelling))
				if !slices.Contains(want, w.Code) {
					t.Errorf("%s: %s %s answers %d, want one of %v", name, method, address, w.Code, want)
				}
				checkSecrets(t, name+": "+method+" "+address, w, c.dwellings)
				checkHeaders(t, w)
				for _, look := range seen.all {
					if !slices.ContainsFunc(c.dwellings, func(d string) bool { return strings.Contains(look, " "+d+" ") }) {
						t.Errorf("%s: %s %s looked at %q", name, method, address, look)
					}
				}
			}
			if !strings.Contains(pattern, "{dwelling}") {
				break
			}
		}
	}
}

func serve(t *testing.T, h http.Handler, method, address, authorization string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, address, nil)
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// wanted are the answers a caller may get.
func wanted(r route, known, theirs bool) []int {
	switch {
	case !known:
		return []int{http.StatusUnauthorized}
	case r.serve == nil:
		return []int{http.StatusNotFound}
	case strings.Contains(r.pattern, "{dwelling}") && !theirs:
		return []int{http.StatusNotFound}
	default:
		return []int{http.StatusOK, http.StatusSeeOther}
	}
}

// checkSecrets looks for the names of homes that the caller has no right to.
func checkSecrets(t *testing.T, what string, w *httptest.ResponseRecorder, dwellings []string) {
	t.Helper()
	for id, name := range map[string]string{"own": "Kim Soon-ja", "second": "Lee", "other": "Secret Name"} {
		if !slices.Contains(dwellings, id) && strings.Contains(w.Body.String(), name) {
			t.Errorf("%s shows %s", what, name)
		}
	}
}

func checkHeaders(t *testing.T, w *httptest.ResponseRecorder) {
	t.Helper()
	for header, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer",
	} {
		if got := w.Header().Get(header); !strings.Contains(got, want) || strings.Contains(got, "unsafe") {
			t.Errorf("an answer %d has %s: %q, want %q in it", w.Code, header, got, want)
		}
	}
	if w.Code == http.StatusUnauthorized && w.Header().Get("WWW-Authenticate") == "" {
		t.Error("a 401 does not say how to sign in")
	}
}

func TestUnknownAndForbiddenLookTheSame(t *testing.T) {
	site := newHome().site(t)
	forbidden, unknown := get(t, site, "/dwelling/other"), get(t, site, "/dwelling/other2")
	same := strings.ReplaceAll(unknown.Body.String(), "other2", "other")
	if forbidden.Code != unknown.Code || forbidden.Body.String() != same {
		t.Errorf("a forbidden dwelling answers %d and an unknown one %d, or their pages differ", forbidden.Code, unknown.Code)
	}
}

func TestEveryLookIsRecorded(t *testing.T) {
	var seen looks
	site, err := New(newHome().options(&seen))
	if err != nil {
		t.Fatal(err)
	}
	get(t, site, "/dwelling/own?day=2020-11-20")
	get(t, site, "/", "Authorization", basic("worker", password+" 2"))
	get(t, site, "/dwelling/other")
	get(t, site, "/assets/style.css")
	get(t, site, "/api/v1/dwellings")
	get(t, site, "/api/v1/dwellings/own/days?from=2020-11-18&to=2020-11-20")
	get(t, site, "/api/v1/dwellings/own/days/2020-11-20")
	get(t, site, "/api/v1/dwellings/own/trends?before=2020-11-20")
	get(t, site, "/api/v1/dwellings/own/sensors")
	get(t, site, "/api/v1/dwellings/other/days")
	want := "[daughter own day 2020-11-20 worker own overview worker second overview daughter own name and rooms " +
		"daughter own days 2020-11-18 to 2020-11-20 daughter own day 2020-11-20 daughter own trends 2020-11-13 to 2020-11-19 daughter own sensors]"
	if got := fmt.Sprint(seen.all); got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
}

func TestNoWritingFromOtherSites(t *testing.T) {
	site := newHome().site(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/language", strings.NewReader("language=ko"))
	r.SetBasicAuth("daughter", password)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("a form of another site answers %d", w.Code)
	}
}

func TestOwnAddress(t *testing.T) {
	for address, want := range map[string]string{
		"/dwelling/own?day=2020-11-20": "/dwelling/own?day=2020-11-20",
		"":                             "/",
		"dwelling/own":                 "/",
		"//evil.example/":              "/",
		"/\\evil.example/":             "/",
		"https://evil.example/":        "/",
		"javascript:alert(1)":          "/",
		"/%2Fevil.example":             "/",
		"/a\r\nSet-Cookie: x=y":        "/",
		"\t//evil.example":             "/",
	} {
		if got := ownAddress(address); got != want {
			t.Errorf("ownAddress(%q) = %q, want %q", address, got, want)
		}
	}
}
