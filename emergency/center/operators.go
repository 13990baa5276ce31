package center

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	failuresAllowed = 10          // wrong passwords of one name from one address …
	failuresWindow  = time.Minute // … in this time; then it has to wait for its end
	mostFailures    = 10_000      // that are remembered
)

// door lets operators in, by HTTP Basic. Who guesses is slowed down.
type door struct {
	operators map[string]Operator
	passwords map[string][sha256.Size]byte
	mu        sync.Mutex
	failures  map[failureKey]failure
}

// A wrong password holds up its own name at its own address only: nobody can
// lock an operator out from somewhere else.
type failureKey struct{ address, operator string }

type failure struct {
	count int
	until time.Time
}

func newDoor(operators []Operator) *door {
	d := &door{
		operators: make(map[string]Operator), passwords: make(map[string][sha256.Size]byte),
		failures: make(map[failureKey]failure),
	}
	for _, o := range operators {
		d.passwords[o.ID] = sha256.Sum256([]byte(o.Password))
		o.Name, o.Password = cmp.Or(o.Name, o.ID), ""
		d.operators[o.ID] = o
	}
	return d
}

// admit returns who is asking.
func (d *door) admit(r *http.Request, now time.Time) (Operator, error) {
	signIn := refusal{Status: http.StatusUnauthorized, Detail: "sign in with the name and password of an operator", SignIn: true}
	id, password, ok := r.BasicAuth()
	if !ok {
		return Operator{}, signIn
	}
	operator, known := d.operators[id]
	key := failureKey{address: addressOf(r), operator: operator.ID} // all unknown names are one
	if wait := d.mustWait(key, now); wait > 0 {
		return Operator{}, refusal{Status: http.StatusTooManyRequests, Detail: "too many wrong passwords: wait a minute", RetryAfter: wait}
	}
	given, right := sha256.Sum256([]byte(password)), d.passwords[id]
	if subtle.ConstantTimeCompare(given[:], right[:]) != 1 || !known {
		d.failed(key, now)
		return Operator{}, signIn
	}
	return operator, nil
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (d *door) mustWait(key failureKey, now time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.failures[key]
	if f.count < failuresAllowed || !now.Before(f.until) {
		return 0
	}
	return f.until.Sub(now).Round(time.Second) + time.Second
}

func (d *door) failed(key failureKey, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	maps.DeleteFunc(d.failures, func(_ failureKey, f failure) bool { return !now.Before(f.until) })
	f, ok := d.failures[key]
	if !ok {
		if len(d.failures) >= mostFailures {
			return
		}
		f.until = now.Add(failuresWindow)
	}
	f.count++
	d.failures[key] = f
}

// asOperator runs an operator's handler, with the operator.
func (c *Center) asOperator(w http.ResponseWriter, r *http.Request, do func(http.ResponseWriter, *http.Request, Operator) error) error {
	operator, err := c.door.admit(r, time.Now())
	if err != nil {
		if _, given, ok := r.BasicAuth(); ok && given != "" {
			c.log.Warn("refused: not an operator", "path", r.URL.Path, "remote", r.RemoteAddr)
		}
		return err
	}
	return do(w, r, operator)
}
