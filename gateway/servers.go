package gateway

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ucare-project/ucare/caregiver"
	"github.com/ucare-project/ucare/configs"
)

// Timeouts of every page and endpoint of the gateway.
const (
	readHeaderTimeout = 5 * time.Second
	writeTimeout      = 15 * time.Second
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
	page, err := caregiver.New(caregiver.Options{
		Watch: g.board, Past: past{g.journal, g.history}, People: peopleOf(c),
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

// serveAll opens every HTTP listener.
func (g *Gateway) serveAll(failed chan<- error) error {
	for _, s := range g.servers {
		listener, err := net.Listen("tcp", s.address)
		if err != nil {
			return fmt.Errorf("listen for the %s on %s: %w; is another program there?", s.name, s.address, err)
		}
		g.serve(failed, s, listener)
	}
	return nil
}

func (g *Gateway) serve(failed chan<- error, s server, listener net.Listener) {
	h := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: readHeaderTimeout, WriteTimeout: writeTimeout,
		ErrorLog: slog.NewLogLogger(g.part(s.name).Handler(), slog.LevelDebug),
	}
	go func() {
		if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve the %s: %w", s.name, err)
		}
	}()
	g.closings.add(s.name, h.Close)
}
