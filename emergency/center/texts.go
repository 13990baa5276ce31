package center

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/ucare-project/ucare/language"
)

// The texts of the operators' pages, a file for each language. What is said
// about alarms, evidence and faults comes from package language.
//
//go:embed texts/*.json
var textFiles embed.FS

// texts are the pages' texts in one language.
type texts struct {
	language.Language
	byKey map[string]string
}

// loadTexts reads every language that package language has, ordered by tag. One without a
// file here gets the English pages.
func loadTexts() ([]texts, error) {
	english, err := readTexts("en")
	if err != nil {
		return nil, err
	}
	var all []texts
	for _, l := range language.All() {
		byKey, err := readTexts(l.Tag())
		if errors.Is(err, fs.ErrNotExist) {
			byKey, err = english, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, texts{l, byKey})
	}
	return all, nil
}

func readTexts(tag string) (map[string]string, error) {
	data, err := textFiles.ReadFile("texts/" + tag + ".json")
	if err != nil {
		return nil, fmt.Errorf("read the texts of the pages: %w", err)
	}
	byKey := make(map[string]string)
	if err := json.Unmarshal(data, &byKey); err != nil {
		return nil, fmt.Errorf("read the texts of the pages in %q: %w", tag, err)
	}
	return byKey, nil
}

// Say returns a text of the pages. The arguments are pairs of a parameter's
// name and its value. A key without a text comes back as it is.
func (t texts) Say(key string, args ...any) string {
	text, ok := t.byKey[key]
	if !ok {
		return key
	}
	var pairs []string
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, fmt.Sprintf("{%v}", args[i]), fmt.Sprint(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

const languageCookie = "language"

// chooseTexts finds the reader's language: ?lang= (kept in a cookie), the
// cookie, what the browser says, the centre's own.
func chooseTexts(all []texts, own language.Language, w http.ResponseWriter, r *http.Request) texts {
	if l, ok := language.Parse(r.FormValue("lang")); ok {
		http.SetCookie(w, &http.Cookie{
			Name: languageCookie, Value: l.Tag(), Path: "/", MaxAge: 365 * 24 * 60 * 60,
			HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode,
		})
		return textsOf(all, l)
	}
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if l, ok := language.Parse(cookie.Value); ok {
			return textsOf(all, l)
		}
	}
	accepted := r.Header.Get("Accept-Language")
	if !namesOneOfOurs(accepted) {
		return textsOf(all, own)
	}
	return textsOf(all, language.Match(accepted))
}

func namesOneOfOurs(accepted string) bool {
	for part := range strings.SplitSeq(accepted, ",") {
		tag, _, _ := strings.Cut(part, ";")
		if _, ok := language.Parse(tag); ok {
			return true
		}
	}
	return false
}

func textsOf(all []texts, l language.Language) texts {
	for _, t := range all {
		if t.Tag() == l.Tag() {
			return t
		}
	}
	return all[0]
}
