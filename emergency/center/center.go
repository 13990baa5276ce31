package center

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/ucare-project/ucare/sqlite"
)

// A Center receives reports and heartbeats, keeps them, and lets operators
// answer. Its methods may be called from several goroutines.
type Center struct {
	config    Config
	log       *slog.Logger
	store     store
	keys      *keyring
	door      *door
	page      *pages
	openedAt  time.Time
	mu        sync.Mutex // guards gateways
	gateways  *supervision
	unwritten memoryCases
	strangers strangers
	contacts  contacts
}

const integrityCheck = 10 * time.Second

// Open validates the configuration, opens the data file (a corrupt one is moved
// aside) and takes up supervision where it was left.
func Open(ctx context.Context, config Config, log *slog.Logger) (*Center, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("centre: the configuration is not usable:\n%w", err)
	}
	config = config.withDefaults()
	keys, err := newKeyring(config.Gateways, config.ClockTolerance)
	if err != nil {
		return nil, fmt.Errorf("centre: %w", err)
	}
	pages, err := newPages(config)
	if err != nil {
		return nil, fmt.Errorf("centre: %w", err)
	}
	file, aside, err := sqlite.Open(ctx, config.DataFile, sqlite.Options{Migrations: migrations, Check: integrityCheck})
	if err != nil {
		return nil, fmt.Errorf("centre: open the data file %s: %w", config.DataFile, err)
	}
	if aside != "" {
		log.Error("the data file was corrupt and was moved aside; a new one was begun", "file", config.DataFile, "aside", aside)
	}
	c := &Center{
		config: config, log: log, store: store{file, config.Name}, keys: keys, door: newDoor(config.Operators),
		page: pages, openedAt: time.Now(), gateways: newSupervision(),
	}
	if err := c.superviseKnown(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("centre: %w", err), file.Close())
	}
	return c, nil
}

// superviseKnown begins to watch every configured gateway.
func (c *Center) superviseKnown(ctx context.Context) error {
	known, err := c.store.loadGateways(ctx)
	if err != nil {
		return fmt.Errorf("read the gateways' states: %w", err)
	}
	for _, g := range c.config.Gateways {
		grace := g.Grace
		if grace == 0 {
			grace = c.config.HeartbeatGrace
		}
		c.gateways.watch(g.ID, known[g.ID], grace, c.openedAt)
	}
	return nil
}

// Close writes what is not on disk yet and closes the data file.
func (c *Center) Close() error {
	return errors.Join(c.saveGateways(context.Background()), c.store.file.Close())
}

// A route says who may use it: the handler of an operator's route cannot run
// without the operator.
type route struct {
	pattern  string
	machine  func(http.ResponseWriter, *http.Request) error
	operator func(http.ResponseWriter, *http.Request, Operator) error
}

func (c *Center) routes() []route {
	return []route{
		{pattern: "POST /v1/reports", machine: c.receiveReport},
		{pattern: "POST /v1/heartbeats", machine: c.receiveHeartbeat},
		{pattern: "GET /healthz", machine: c.health},
		{pattern: "GET /v1/alarms", operator: c.listAlarms},
		{pattern: "GET /v1/gateways", operator: c.listGateways},
		{pattern: "GET /{$}", operator: c.showList},
		{pattern: "GET /alarm", operator: c.showAlarm},
		{pattern: "POST /acknowledge", operator: c.acknowledgeAlarm},
		{pattern: "POST /close", operator: c.closeAlarm},
		{pattern: "GET /assets/{file}", operator: c.showAsset},
	}
}

// Handler serves the gateways and the operators.
func (c *Center) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range c.routes() {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) {
			var err error
			if r.machine != nil {
				err = r.machine(w, req)
			} else {
				err = c.asOperator(w, req, r.operator)
			}
			c.refuse(w, req, err)
		})
	}
	sameSite := http.NewCrossOriginProtection()
	sameSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c.refuse(w, req, refusal{Status: http.StatusForbidden, Detail: "this form was sent from another site: open the centre's own page and try again"})
	}))
	return guarded(sameSite.Handler(mux))
}

// guarded sets the headers that keep a browser from doing what the page does not need.
//
// Referrer-Policy is same-origin and not no-referrer: with the latter browsers
// send "Origin: null" with our own forms, and where the page is served without
// TLS that origin is all that the protection against foreign forms can go by.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}
