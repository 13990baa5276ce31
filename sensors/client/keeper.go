package client

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// The intervals of the supervision.
const (
	lookEvery     = time.Second
	canaryEvery   = 10 * time.Second
	deafAfter     = 30 * time.Second // without a canary the session is replaced
	stuckAfter    = 10 * time.Second // so long the handler cannot take: a commit is bounded by commitWithin
	commitWithin  = 2 * time.Second
	downAfter     = 5 * time.Second // a shorter interruption is nobody's business
	subscribeNext = 30 * time.Second
	pauseAfter    = time.Second // before a message that could not be committed is asked for again

	faultsMost = 100 // told apart

	lossWindow = time.Minute
	lossesMost = 3 // more in the window, and somebody else is using our name

	cutsMost = 2 // so often in a row the broker ends the connection for a canary until they go out seldom
)

// A line is one MQTT connection on which we speak.
type line interface {
	// Publish sends with QoS 1 and waits for the broker's acknowledgement for a bounded time.
	Publish(topic string, payload []byte, retain bool) error
	// Ended is closed when the connection ends. There is no other after it.
	Ended() <-chan struct{}
	// Close ends it within a bounded time.
	Close()
}

// A way is an MQTT connection with its reconnecting.
type way interface {
	Open() bool
	// Prove sends a canary with QoS 1, once, and waits for the broker's acknowledgement for
	// a bounded time.
	Prove(topic string) error
	// Close ends it for good within a bounded time.
	Close()
}

// A connection is a way with what is heard on it.
type connection interface {
	way
	// Listen subscribes to the filters of add and gives up those of drop. It says
	// which of add are refused, and why.
	Listen(add, drop []string) (refused map[string]string, err error)
}

// A keeper keeps one session heard: it opens a line, proves it with canaries
// and replaces it when the proof stays away.
type keeper struct {
	config  Config
	name    string // "alarm" or "telemetry"
	qos     byte
	file    string // where the subscriptions of a kept session are written down
	source  string // of its messages
	subject string // of its faults
	inbox   sensors.Inbox
	log     *slog.Logger
	// connect opens a line of the session; pahoLine, or a test's.
	connect func(*session) connection
	wake    chan struct{}
	sending sync.WaitGroup // canaries under way, and gaps being told

	saving sync.Mutex // of the file, with
	saved  []string   // what is in it

	mu          sync.Mutex
	now         *session
	wanted      []string        // the filters to hear
	isWanted    map[string]bool // the same
	asked       map[string]bool // filters that the broker may keep for the session
	began       time.Time       // of run
	provedAt    time.Time       // the last canary came back
	deaf        []gap           // still to be told
	downSince   time.Time       // zero while open
	lastError   string          // why the last attempt to connect failed
	losses      []time.Time     // of the connection, within lossWindow
	willRefused bool            // the last refusal was of a session with a last will
	canaryCuts  int             // in a row, that the connection broke when a canary was sent
	faults      map[string]ucare.Fault
}

// A gap is a time in which nothing proved that the session hears.
type gap struct{ from, to time.Time }

// session is one generation of the session: what is true of one line and not
// of the one that replaces it.
type session struct {
	keeper  *keeper
	began   time.Time
	will    bool // it has a last will
	line    connection
	heard   subscriptions
	nonce   string    // of the canary that is under way
	sentAt  time.Time // when that was sent
	sending bool
	unheard bool      // that one has not come back
	busy    time.Time // since when the handler is at a message
	// failed: a message could not be committed. Nothing more is committed or
	// acknowledged on this line, so that the order stays what it was.
	failed   error
	failedAt time.Time
}

func newKeeper(c Config, name string, qos byte, filters []string, source string, inbox sensors.Inbox, logger *slog.Logger) *keeper {
	k := &keeper{
		config: c, name: name, qos: qos, source: source, inbox: inbox, log: logger.With("session", name),
		wake: make(chan struct{}, 1), faults: map[string]ucare.Fault{}, asked: map[string]bool{},
	}
	k.hears(filters)
	if c.SubscriptionsFile != "" && qos > 0 {
		k.file = c.SubscriptionsFile
		k.loadAsked()
	}
	k.subject = strings.TrimPrefix(source, "client:")
	if name != "alarm" { // each session has faults of its own to clear
		k.subject += " (" + name + ")"
	}
	k.connect = k.pahoLine
	return k
}

// run keeps the session until the context ends.
func (k *keeper) run(ctx context.Context) {
	k.mu.Lock()
	k.began = time.Now()
	k.mu.Unlock()
	k.replace(time.Now())
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			k.mu.Lock()
			last := k.now
			k.mu.Unlock()
			last.line.Close()
			k.tellDeaf()
			k.sending.Wait()
			return
		case <-look.C:
		case <-k.wake:
		}
		now := time.Now()
		if why := k.look(now); why != "" {
			k.log.Warn("session replaced", "why", why)
			k.replace(now)
		}
		k.relisten(now)
		k.tellDeaf()
		k.sendCanary(now)
	}
}

// look tells what of the session is a fault, and why it has to be replaced, if so.
func (k *keeper) look(now time.Time) (replace string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.now
	open := s.line.Open()
	k.lookAtConnection(open, now)
	deaf := k.since(now) > deafAfter
	refusal := s.refusal()
	switch {
	case refusal != "":
		k.tell(true, ucare.FaultBrokerDeaf, k.subject, refusal, now)
	case deaf && (open || k.cutOff(now)):
		k.tell(true, ucare.FaultBrokerDeaf, k.subject, fmt.Sprintf("connected as %s-%s, but our own message did not come back for %v: may it publish and subscribe below ucare/%s/canary/?", k.config.ID, k.name, deafAfter, k.config.ID), now)
	case s.proved():
		k.tell(false, ucare.FaultBrokerDeaf, k.subject, "", now)
	}
	switch {
	case s.failed != nil && now.Sub(s.failedAt) >= pauseAfter:
		return "a message could not be committed and has to come again: " + s.failed.Error()
	case !s.busy.IsZero() && now.Sub(s.busy) > stuckAfter:
		return fmt.Sprintf("a message has been in the handler for %v", now.Sub(s.busy).Round(time.Second))
	case deaf:
		return fmt.Sprintf("no canary for %v", k.since(now).Round(time.Second))
	}
	return s.lookAtWill(open, now)
}

// lookAtConnection tells whether the broker is down, or shared with another of our name.
func (k *keeper) lookAtConnection(open bool, now time.Time) {
	k.losses = slices.DeleteFunc(k.losses, func(t time.Time) bool { return now.Sub(t) > lossWindow })
	client := k.config.ID + "-" + k.name
	if n := len(k.losses); n > lossesMost && k.canaryCuts < cutsMost {
		k.tell(true, ucare.FaultBrokerDown, client, fmt.Sprintf("the connection was lost %d times in a minute: is another gateway running with the id %q, or does the broker make user names client ids (use_username_as_clientid)?", n, k.config.ID), now)
	} else if n == 0 {
		k.tell(false, ucare.FaultBrokerDown, client, "", now)
	}
	switch {
	case open:
		k.downSince, k.lastError = time.Time{}, ""
		k.tell(false, ucare.FaultBrokerDown, k.subject, "", now)
	case k.downSince.IsZero():
		k.downSince = now
	case now.Sub(k.downSince) >= downAfter:
		k.tell(true, ucare.FaultBrokerDown, k.subject, k.lastError, now)
	}
}

// cutOff reports whether the broker ends the connection for our canary. Then it is open
// just before one only, and a look that has to find it open may never do so; one
// that stays away is down for another reason.
func (k *keeper) cutOff(now time.Time) bool {
	return k.canaryCuts >= cutsMost && (k.downSince.IsZero() || now.Sub(k.downSince) < downAfter)
}

// tell reports the beginning or the end of a fault, each once.
func (k *keeper) tell(holds bool, code ucare.FaultCode, subject, detail string, now time.Time) {
	f := ucare.Fault{Code: code, Subject: subject, Since: now, Detail: detail}
	standing, stands := k.faults[f.Key()]
	switch {
	case holds && (!stands || standing.Detail != detail):
		if stands {
			f.Since = standing.Since
		}
		k.faults[f.Key()] = f
		k.config.Faults(f)
	case !holds && stands:
		delete(k.faults, f.Key())
		k.config.Cleared(standing)
	}
}

// replace closes the old line and opens a new one.
func (k *keeper) replace(now time.Time) {
	k.mu.Lock()
	old := k.now
	k.mu.Unlock()
	if old != nil {
		old.line.Close()
	}
	s := &session{keeper: k, began: now}
	k.mu.Lock()
	s.will = k.mayHaveWill()
	k.now = s
	s.line = k.connect(s)
	k.mu.Unlock()
}

// since is how long ago the session was last proved; a new one gets its time.
func (k *keeper) since(now time.Time) time.Duration {
	last := k.provedAt
	if k.now != nil && k.now.began.After(last) {
		last = k.now.began
	}
	return now.Sub(last)
}

func (k *keeper) canaryAge(now time.Time) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now == nil {
		return 0
	}
	if k.provedAt.IsZero() {
		return now.Sub(k.now.began)
	}
	return now.Sub(k.provedAt)
}

func (k *keeper) open() bool {
	k.mu.Lock()
	s := k.now
	k.mu.Unlock()
	return s != nil && s.line.Open()
}

// lostSince reports whether the connection broke at that time, or within d after it.
func (k *keeper) lostSince(t time.Time, d time.Duration) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.ContainsFunc(k.losses, func(lost time.Time) bool { return !lost.Before(t) && lost.Sub(t) <= d })
}

// sendCanary publishes a message of our own that has to come back, when it is
// time. Never from a handler, and not from the loop either: publishing may block.
func (k *keeper) sendCanary(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.now
	every := canaryEvery
	if k.canaryCuts >= cutsMost { // whoever is cut off for it hears between two of them
		every = deafAfter - lookEvery
	}
	if s.sending || !s.sentAt.IsZero() && now.Sub(s.sentAt) < every || !s.line.Open() {
		return
	}
	nonce := k.name + "-" + strconv.FormatInt(now.UnixNano(), 36)
	s.sending, s.unheard, s.sentAt, s.nonce = true, true, now, nonce
	topic, line := "ucare/"+k.config.ID+"/canary/"+nonce, s.line
	k.sending.Go(func() {
		err := line.Prove(topic)
		k.mu.Lock()
		defer k.mu.Unlock()
		if s.nonce == nonce {
			s.sending = false
		}
		if err != nil {
			k.log.Debug("canary not sent", "error", err)
		}
	})
}

// proved reports whether this very session has heard its canary.
func (s *session) proved() bool { return s.keeper.provedAt.After(s.began) }

// isCanary reports whether a topic is that of a canary, and takes it as proof
// when it is the one under way.
func (s *session) isCanary(topic string, now time.Time) bool {
	k := s.keeper
	nonce, is := strings.CutPrefix(topic, "ucare/"+k.config.ID+"/canary/")
	if !is {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if nonce == s.nonce && k.now == s {
		s.unheard = false
		k.canaryCuts = 0
		k.prove(now)
	}
	return true
}

// prove takes it that the session hears now, and notes since when it did not.
func (k *keeper) prove(now time.Time) {
	last := k.provedAt
	if last.IsZero() {
		last = k.began
	}
	if now.Sub(last) > deafAfter {
		k.deaf = append(k.deaf, gap{from: last, to: now})
		k.nudge()
	}
	k.provedAt = now
}

// tellDeaf tells of the gaps that ended. Not from the handler, and not from the
// loop either: whoever is told writes it to a disk.
func (k *keeper) tellDeaf() {
	k.mu.Lock()
	gaps := k.deaf
	k.deaf = nil
	k.mu.Unlock()
	for _, g := range gaps {
		k.sending.Go(func() { k.config.Deaf(g.from, g.to) })
	}
}

// begin and end bracket the handler's work on one message. begin reports false
// on a line on which nothing may be committed any more.
func (s *session) begin(now time.Time) bool {
	s.keeper.mu.Lock()
	defer s.keeper.mu.Unlock()
	if s.failed != nil {
		return false
	}
	s.busy = now
	return true
}

func (s *session) end(err error, now time.Time) {
	k := s.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	s.busy = time.Time{}
	if err != nil && s.failed == nil {
		s.failed, s.failedAt = err, now
	}
}

// lost notes that the connection broke.
func (s *session) lost(err error) {
	k := s.keeper
	k.mu.Lock()
	if k.now == s {
		k.losses = append(k.losses, time.Now())
		if s.unheard && (s.sending || time.Since(s.sentAt) <= cutWithin) {
			k.canaryCuts++
		}
		s.sending, s.unheard = false, false // on the next connection nobody acknowledges it
	}
	k.mu.Unlock()
	k.log.Warn("connection to the broker lost", "error", err)
	k.nudge()
}

// notConnected notes why an attempt to connect failed, and whether we were refused.
func (s *session) notConnected(err error, refused bool) {
	k := s.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lastError = err.Error()
	if refused && k.now == s {
		k.willRefused = s.will
	}
}

func (k *keeper) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// take is the handler: it gives one message to the inbox and reports whether it
// may be acknowledged. It does nothing else, because until it returns nothing
// else is heard.
func (s *session) take(m sensors.Message) (ack bool) {
	k := s.keeper
	if s.isCanary(m.Topic, m.At) {
		return true
	}
	if !s.begin(m.At) {
		return false
	}
	if k.shorten(&m) {
		k.log.Warn("message too large, its beginning is kept", "topic", m.Topic, "limit", k.config.MaxMessageBytes)
	}
	ctx, cancel := context.WithTimeout(context.Background(), commitWithin)
	err := k.inbox.Commit(ctx, m)
	cancel()
	if err != nil {
		k.log.Error("message not committed and not acknowledged", "topic", m.Topic, "error", err)
		if k.qos == 0 {
			err = nil // telemetry: nobody sends it again
		}
		s.end(err, time.Now())
		return false
	}
	s.end(nil, time.Now())
	return true
}

// shorten cuts a message over the limit to its beginning, as a fault: so it is
// kept for a human to see, and can be acknowledged instead of coming again forever.
func (k *keeper) shorten(m *sensors.Message) bool {
	large := len(m.Payload) > k.config.MaxMessageBytes
	k.mu.Lock()
	defer k.mu.Unlock()
	f := ucare.Fault{Code: ucare.FaultTooLarge, Subject: m.Topic}
	if _, stands := k.faults[f.Key()]; !stands && len(k.faults) >= faultsMost {
		f.Subject = "…" // somebody makes up topics
	}
	if _, stands := k.faults[f.Key()]; large || stands {
		k.tell(large, f.Code, f.Subject, fmt.Sprintf("a message of more than %d bytes; its first %d bytes are kept", k.config.MaxMessageBytes, keepOfLarge), m.At)
	}
	if large {
		m.Payload = m.Payload[:min(keepOfLarge, k.config.MaxMessageBytes)]
	}
	return large
}
