package center

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	longestWords = 500 // characters of an operator on closing
	largestForm  = 64 << 10
)

// alarmView is the page of one alarm.
type alarmView struct {
	Case     caseView
	Course   []stepView
	Outcomes []outcomeChoice
	Wrong    string // what is wrong with the form
	Words    string // what was written into it
	MaxWords int
}

type outcomeChoice struct {
	Value   Outcome
	Text    string
	Checked bool
}

// showAlarm shows one alarm with its course, and lets it be closed.
func (c *Center) showAlarm(w http.ResponseWriter, r *http.Request, o Operator) error {
	return c.showCase(w, r, o, http.StatusOK, "")
}

func (c *Center) showCase(w http.ResponseWriter, r *http.Request, o Operator, status int, wrong string) error {
	f, n := c.frame(w, r, o.Name, time.Now())
	k, course, err := c.store.course(r.Context(), r.FormValue("gateway"), r.FormValue("alarm"))
	if errors.Is(err, errNoCase) {
		return refusal{Status: http.StatusNotFound, Detail: "there is no such alarm"}
	}
	if err != nil {
		return fmt.Errorf("read the alarm: %w", err)
	}
	v := alarmView{
		Case: n.caseView(k, c.page.accounts[k.Gateway]), Words: r.PostFormValue("words"), MaxWords: longestWords,
	}
	if wrong != "" {
		v.Wrong = n.Say(wrong, "n", longestWords)
	}
	for _, s := range course {
		v.Course = append(v.Course, n.stepView(s))
	}
	chosen := Outcome(r.PostFormValue("outcome"))
	for _, oc := range Outcomes() {
		v.Outcomes = append(v.Outcomes, outcomeChoice{oc, n.Say("outcome_" + string(oc)), oc == chosen})
	}
	f.Title, f.Main = v.Case.Title, v
	return show(w, c.page.alarm, status, f)
}

// acknowledgeAlarm records that the operator has seen the alarm.
func (c *Center) acknowledgeAlarm(w http.ResponseWriter, r *http.Request, o Operator) error {
	return c.act(w, r, action{At: actionTime(), Operator: o.ID, Name: o.Name, Action: acknowledged})
}

// closeAlarm ends the case with an outcome.
func (c *Center) closeAlarm(w http.ResponseWriter, r *http.Request, o Operator) error {
	r.Body = http.MaxBytesReader(w, r.Body, largestForm)
	outcome, words := Outcome(r.PostFormValue("outcome")), strings.TrimSpace(r.PostFormValue("words"))
	switch {
	case !slices.Contains(Outcomes(), outcome):
		return c.showCase(w, r, o, http.StatusBadRequest, "wrong_outcome")
	case outcome == Other && words == "":
		return c.showCase(w, r, o, http.StatusBadRequest, "wrong_words")
	case utf8.RuneCountInString(words) > longestWords:
		return c.showCase(w, r, o, http.StatusBadRequest, "wrong_long")
	}
	return c.act(w, r, action{At: actionTime(), Operator: o.ID, Name: o.Name, Action: closed, Outcome: outcome, Words: words})
}

func actionTime() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func (c *Center) act(w http.ResponseWriter, r *http.Request, a action) error {
	r.Body = http.MaxBytesReader(w, r.Body, largestForm)
	gateway, alarm := r.PostFormValue("gateway"), r.PostFormValue("alarm")
	err := c.store.act(r.Context(), gateway, alarm, a)
	if errors.Is(err, errNoCase) {
		return refusal{Status: http.StatusNotFound, Detail: fmt.Sprintf("gateway %.50q has no alarm %.50q", gateway, alarm)}
	}
	if err != nil {
		return err
	}
	c.log.Info("an operator acted", "action", a.Action, "operator", a.Operator, "gateway", gateway, "alarm", alarm, "outcome", a.Outcome)
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
