package caregiver

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ucare-project/ucare/language"
)

//go:embed templates assets
var files embed.FS

// A site serves the pages.
type site struct {
	Options
	templates *template.Template
	keys      []key
	reads     chan struct{} // one for each read of the Past that is under way
	diaries   chan struct{} // and of the Diary
}

func parseTemplates() (*template.Template, error) { return template.ParseFS(files, "templates/*.html") }

// A visit is one request of somebody who has signed in.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	person Person
	l      language.Language
	now    time.Time
}

// A route is one address of the site. All of them need a person; those with a
// dwelling in their address need the right to it.
type route struct {
	pattern string
	serve   func(visit)
}

func (s *site) routes() []route {
	return append(s.apiRoutes(), []route{
		{"GET /{$}", s.overview},
		{"GET /dwelling/{dwelling}", s.inScope(s.dwelling)},
		{"POST /language", s.chooseLanguage},
		{"GET /assets/{file}", s.asset},
	}...)
}

// inScope lets a visit through to a dwelling that the person may look at.
func (s *site) inScope(serve func(visit, scope)) func(visit) {
	return func(v visit) {
		sc, ok := s.authorize(v.person, v.r.PathValue("dwelling"))
		if !ok {
			s.notFound(v)
			return
		}
		serve(v, sc)
	}
}

// handler puts the protections around the routes: headers on every answer, no
// writing from other origins, and nothing without signing in.
func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	for _, route := range s.routes() {
		mux.Handle(route.pattern, s.signedIn(route.serve))
	}
	mux.Handle("/", s.signedIn(s.notFound))
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		guarded.ServeHTTP(w, r)
	})
}

func protect(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
		"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

func (s *site) signedIn(serve func(visit)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		person, ok := s.signIn(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="u-Care", charset="UTF-8"`)
			l := languageOf(r, s.Language)
			if isAPI(r) {
				writeProblem(w, http.StatusUnauthorized, l.Text("api.sign_in"))
				return
			}
			http.Error(w, l.Text("page.sign_in"), http.StatusUnauthorized)
			return
		}
		serve(visit{w, r, person, languageOf(r, s.Language), time.Now()})
	})
}

// languageCookie keeps what a person chose over what their browser asks for.
const languageCookie = "language"

func languageOf(r *http.Request, otherwise language.Language) language.Language {
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if l, ok := language.Parse(cookie.Value); ok {
			return l
		}
	}
	return language.MatchOr(r.Header.Get("Accept-Language"), otherwise)
}

func (s *site) chooseLanguage(v visit) {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, 4<<10)
	if l, ok := language.Parse(v.r.PostFormValue("language")); ok {
		http.SetCookie(v.w, &http.Cookie{
			Name: languageCookie, Value: l.Tag(), Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, Secure: v.r.TLS != nil, SameSite: http.SameSiteLaxMode,
		})
	}
	http.Redirect(v.w, v.r, ownAddress(v.r.PostFormValue("back")), http.StatusSeeOther)
}

// ownAddress is the address if it is one of this site, the front page otherwise.
func ownAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(u.Path, "//") || strings.ContainsAny(address, "\\\r\n\t") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawQuery: u.RawQuery}).String()
}

// assetTypes are the files that may be fetched.
var assetTypes = map[string]string{
	"style.css":  "text/css; charset=utf-8",
	"refresh.js": "text/javascript; charset=utf-8",
	"icon.svg":   "image/svg+xml",
}

func (s *site) asset(v visit) {
	name := v.r.PathValue("file")
	contentType, ok := assetTypes[name]
	if !ok {
		s.notFound(v)
		return
	}
	data, err := files.ReadFile("assets/" + name)
	if err != nil {
		s.notFound(v)
		return
	}
	v.w.Header().Set("Content-Type", contentType)
	v.w.Write(data)
}

func (s *site) notFound(v visit) {
	text := "page.not_found"
	if isAPI(v.r) {
		text = "api.not_found"
	}
	s.problem(v, http.StatusNotFound, v.l.Text(text))
}

// problem is the page that says what is wrong with a request, or the JSON for who asked
// for that.
func (s *site) problem(v visit, status int, text string) {
	if isAPI(v.r) {
		writeProblem(v.w, status, text)
		return
	}
	s.render(v, status, "problem.html", problemPage{frame: s.frame(v, "u-Care"), Text: text})
}

// render writes a page whole or not at all.
func (s *site) render(v visit, status int, name string, page any) {
	var b bytes.Buffer
	if err := s.templates.ExecuteTemplate(&b, name, page); err != nil {
		s.Logger.Error("a page of the caregivers could not be made", "page", name, "error", err)
		http.Error(v.w, "internal error", http.StatusInternalServerError)
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.l.Tag())
	h.Add("Vary", "Accept-Language, Cookie")
	v.w.WriteHeader(status)
	v.w.Write(b.Bytes())
}
