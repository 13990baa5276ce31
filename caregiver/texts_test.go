package caregiver

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ucare-project/ucare/language"
)

var textKey = regexp.MustCompile(`"((?:page|format|state|api)\.[a-z_.]+[a-z])"`)

// TestEveryTextExists looks through the sources and templates for the keys of texts.
func TestEveryTextExists(t *testing.T) {
	var sources []string
	for _, pattern := range []string{"*.go", "templates/*.html"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, found...)
	}
	keys := 0
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range textKey.FindAllStringSubmatch(string(text), -1) {
			keys++
			for _, l := range language.All() {
				if l.Text(match[1]) == match[1] {
					t.Errorf("%s uses the text %q, which %s.json does not have", source, match[1], l)
				}
			}
		}
	}
	if keys < 50 {
		t.Errorf("only %d keys were found; does this test still look in the right place?", keys)
	}
}

// TestPagesLeaveNoParameterEmpty makes every page and looks for braces that
// nothing filled and keys without a text.
func TestPagesLeaveNoParameterEmpty(t *testing.T) {
	h := busyDay(fixedDay)
	h.now["second"] = h.now["own"]
	site := h.site(t)
	for _, tag := range []string{"en", "ko"} {
		for _, address := range []string{"/dwelling/own?day=2020-11-20", "/dwelling/own", "/dwelling/own?day=x", "/nowhere"} {
			body := get(t, site, address, "Accept-Language", tag).Body.String()
			if found := regexp.MustCompile(`\{[a-z_0-9]+\}|page\.[a-z_]+|%!`).FindString(body); found != "" {
				t.Errorf("%s in %s shows %q", address, tag, found)
			}
		}
	}
}

// TestPagesNeedNothingFromElsewhere: no third-party host, nothing that the
// content security policy forbids, and a reload without JavaScript.
func TestPagesNeedNothingFromElsewhere(t *testing.T) {
	site := busyDay(fixedDay).site(t)
	body := get(t, site, "/dwelling/own?day=2020-11-20").Body.String()
	if found := inline.FindString(body); found != "" {
		t.Errorf("the page holds %q", found)
	}
	wantAll(t, body, `<noscript><meta http-equiv="refresh"`, `name="viewport"`, `<script src="/assets/refresh.js" defer>`)
	err := fs.WalkDir(files, "assets", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if _, listed := assetTypes[entry.Name()]; !listed {
			t.Errorf("%s is embedded but cannot be fetched", path)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// pairs are what is read on what, and the contrast that WCAG 2.2 AA asks for:
// 4.5 for text, 3 for the parts of a picture.
var pairs = []struct {
	on, ground string
	least      float64
}{
	{"ink", "ground", 4.5},
	{"ink", "card", 4.5},
	{"quiet", "ground", 4.5},
	{"quiet", "card", 4.5},
	{"link", "ground", 4.5},
	{"calm", "calm-ground", 4.5},
	{"check", "check-ground", 4.5},
	{"alarm", "alarm-ground", 4.5},
	{"alarm-ink", "card", 4.5},
	{"alarm-ink", "ground", 4.5},
	{"active", "strip", 3},
	{"rest", "strip", 3},
	{"door", "strip", 3},
	{"unheard", "strip", 3},
	{"now", "strip", 3},
}

func TestContrast(t *testing.T) {
	css, err := files.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(css), "prefers-color-scheme: dark")
	if !found {
		t.Fatal("there is no dark mode")
	}
	dark, _, _ = strings.Cut(dark, "* {")
	for mode, text := range map[string]string{"light": light, "dark": dark} {
		colors := make(map[string]string)
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6})`).FindAllStringSubmatch(text, -1) {
			colors[m[1]] = m[2]
		}
		for _, p := range pairs {
			if got := contrast(t, colors[p.on], colors[p.ground]); got < p.least {
				t.Errorf("%s mode: %s on %s has a contrast of %.2f, AA asks for %.1f", mode, p.on, p.ground, got, p.least)
			}
		}
	}
}

// contrast is WCAG's contrast ratio of two colours.
func contrast(t *testing.T, a, b string) float64 {
	la, lb := luminance(t, a), luminance(t, b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(color, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", color, err)
	}
	channel := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(n>>16) + 0.7152*channel(n>>8) + 0.0722*channel(n)
}
