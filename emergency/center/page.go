package center

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"time"
)

//go:embed assets
var assetFiles embed.FS

// pages is what the operators' pages are made of.
type pages struct {
	list, alarm, message *template.Template
	texts                []texts
	accounts             map[string]string // of the gateways
	assets               map[string]asset
}

type asset struct {
	content []byte
	tag     string
}

func newPages(config Config) (*pages, error) {
	p := &pages{accounts: make(map[string]string), assets: make(map[string]asset)}
	for _, g := range config.Gateways {
		p.accounts[g.ID] = g.Account
	}
	var err error
	if p.texts, err = loadTexts(); err != nil {
		return nil, err
	}
	for name, page := range map[string]**template.Template{"list": &p.list, "alarm": &p.alarm, "message": &p.message} {
		if *page, err = template.ParseFS(assetFiles, "assets/frame.html", "assets/"+name+".html"); err != nil {
			return nil, fmt.Errorf("read the page %s: %w", name, err)
		}
	}
	for _, name := range []string{"style.css", "live.js", "icon.svg"} {
		content, err := assetFiles.ReadFile("assets/" + name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		sum := sha256.Sum256(content)
		p.assets[name] = asset{content, `"` + hex.EncodeToString(sum[:8]) + `"`}
	}
	return p, nil
}

// frame is what all pages have; Main is what the page itself shows.
type frame struct {
	texts
	Title, Centre, Operator string
	Live                    bool // brings itself up to date
	AsOf                    string
	Languages               []languageLink
	Main                    any
}

type languageLink struct {
	Name, Tag, Link string
	Current         bool
}

func (c *Center) frame(w http.ResponseWriter, r *http.Request, operator string, now time.Time) (frame, narrator) {
	t := chooseTexts(c.page.texts, c.config.Language, w, r)
	f := frame{
		texts: t, Title: t.Say("title"), Centre: c.config.Name, Operator: operator,
		AsOf: now.In(c.config.Location).Format(time.TimeOnly), Languages: languageLinks(c.page.texts, t, r),
	}
	return f, narrator{t, now, c.config.Location}
}

// languageLinks lead to the same page in each language.
func languageLinks(all []texts, current texts, r *http.Request) []languageLink {
	here, same := "/", url.Values{}
	if gateway, alarm := r.FormValue("gateway"), r.FormValue("alarm"); alarm != "" {
		here, same = "/alarm", url.Values{"gateway": {gateway}, "alarm": {alarm}}
	}
	var links []languageLink
	for _, t := range all {
		same.Set("lang", t.Tag())
		links = append(links, languageLink{Name: t.Name(), Tag: t.Tag(), Link: here + "?" + same.Encode(), Current: t.Tag() == current.Tag()})
	}
	return links
}

func show(w http.ResponseWriter, page *template.Template, status int, f frame) error {
	var b bytes.Buffer
	if err := page.ExecuteTemplate(&b, "frame", f); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser may be gone
	return nil
}

func (c *Center) showAsset(w http.ResponseWriter, r *http.Request, _ Operator) error {
	name := r.PathValue("file")
	a, ok := c.page.assets[name]
	if !ok {
		return refusal{Status: http.StatusNotFound, Detail: "there is no such file"}
	}
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", a.tag)
	http.ServeContent(w, r, path.Base(name), time.Time{}, bytes.NewReader(a.content))
	return nil
}
