package center

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/sqlite"
)

// A refusal is an answer that is not a success, with what to do about it.
type refusal struct {
	Status     int
	Detail     string
	RetryAfter time.Duration
	SignIn     bool // ask for name and password
}

func (r refusal) Error() string { return fmt.Sprintf("%d: %s", r.Status, r.Detail) }

func badRequest(format string, args ...any) refusal {
	return refusal{Status: http.StatusBadRequest, Detail: fmt.Sprintf(format, args...)}
}

// refuse answers with problem details (RFC 9457). An error that is no refusal
// is ours: it is logged, and its text stays inside.
func (c *Center) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	why, ok := errors.AsType[refusal](err)
	if !ok {
		why = c.ownFault(r, err)
	}
	h := w.Header()
	if why.SignIn {
		h.Set("WWW-Authenticate", `Basic realm="u-Care centre", charset="UTF-8"`)
	}
	if why.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(why.RetryAfter.Seconds())))
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		err = c.showRefusal(w, r, why)
	} else {
		err = writeProblem(w, why)
	}
	if err != nil {
		c.log.Error("a refusal could not be written", "error", err)
	}
}

func writeProblem(w http.ResponseWriter, why refusal) error {
	body, err := json.Marshal(emergency.Problem{Title: http.StatusText(why.Status), Status: why.Status, Detail: why.Detail})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(why.Status)
	_, _ = w.Write(append(body, '\n')) // the client may be gone
	return nil
}

// showRefusal tells a person, in their language. What was wrong in particular
// is added as it is.
func (c *Center) showRefusal(w http.ResponseWriter, r *http.Request, why refusal) error {
	f, n := c.frame(w, r, "", time.Now())
	text, detail := n.Say(fmt.Sprintf("refused_%d", why.Status)), ""
	if strings.HasPrefix(text, "refused_") {
		text, detail = n.Say("refused"), why.Detail
	}
	f.Title, f.Main = text, messageView{Text: text, Detail: detail}
	return show(w, c.page.message, why.Status, f)
}

// messageView is a page that only says something.
type messageView struct{ Text, Detail string }

func (c *Center) ownFault(r *http.Request, err error) refusal {
	if r.Context().Err() != nil {
		c.log.Debug("the client went away", "path", r.URL.Path, "error", err)
	} else {
		c.log.Error("a request could not be served", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	why := refusal{Status: http.StatusServiceUnavailable, Detail: "the centre's disk does not answer; nothing was stored: send it again", RetryAfter: 2 * time.Second}
	if sqlite.IsFull(err) {
		why.Status, why.Detail = http.StatusInsufficientStorage, "the centre's disk is full; nothing was stored: send it again"
	}
	return why
}

func writeJSON(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	// The client may be gone; what it asked for is done all the same.
	_, _ = w.Write(append(body, '\n'))
	return nil
}
