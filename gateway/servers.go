package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/caregiver"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/language"
)

// Timeouts of every page and endpoint of the gateway.
const (
	readHeaderTimeout = 5 * time.Second
	writeTimeout      = 15 * time.Second
	listenAgain       = 10 * time.Second // after an address could not be had
)

// A server is one HTTP listener with what it serves.
type server struct {
	name    string
	address string
	handler http.Handler
}

// wireServers prepares the local listener and the caregiver's page.
func (g *Gateway) wireServers(c *configs.Gateway) error {
	g.servers = append(g.servers, server{"local listener", c.Box.Listen, g.localHandler()})
	if c.Caregiver.Listen == "" {
		return nil
	}
	spoken, _ := language.Parse(c.Box.Language) // the configuration is checked
	page, err := caregiver.New(caregiver.Options{
		Language: spoken,
		Watch:    g.board, Past: past{g.journal, g.history}, Diary: past{g.journal, g.history}, People: peopleOf(c),
		Location: g.location, Logger: g.part("caregiver"), Looked: g.looked,
	})
	if err != nil {
		return fmt.Errorf("caregiver: %w", err)
	}
	g.servers = append(g.servers, server{"caregiver page", c.Caregiver.Listen, page})
	return nil
}

// looked records who looked at what of whom. For now it is a line of the log.
func (g *Gateway) looked(person, dwelling, what string, at time.Time) {
	g.logger.Info("somebody looked at a dwelling", "person", person, "dwelling", dwelling, "what", what, "at", at)
}

func peopleOf(c *configs.Gateway) []caregiver.Person {
	var out []caregiver.Person
	for _, p := range c.Caregiver.People {
		out = append(out, caregiver.Person{ID: p.ID, Password: p.Password.Secret().Reveal(), Dwellings: p.Dwellings})
	}
	return out
}

// serve listens and serves until ctx ends. An address that is taken, or a
// listener that breaks, is a fault and is tried again: a page must not keep
// anybody from being watched over.
func (g *Gateway) serve(ctx context.Context, s server) error {
	for {
		err := g.serveOnce(ctx, s)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		g.faults.Set(ucare.Fault{Code: ucare.FaultPage, Subject: s.name, Detail: err.Error()}, true)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(listenAgain):
		}
	}
}

func (g *Gateway) serveOnce(ctx context.Context, s server) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w; is another program there?", s.address, err)
	}
	g.faults.Set(ucare.Fault{Code: ucare.FaultPage, Subject: s.name}, false)
	h := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: readHeaderTimeout, WriteTimeout: writeTimeout,
		ErrorLog: slog.NewLogLogger(g.part(s.name).Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	return h.Serve(listener)
}
