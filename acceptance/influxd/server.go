package influxd

import (
	"context"
	"errors"
	"fmt"
	"go/build"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/ucare-project/ucare/acceptance"
)

// ErrMissing is why Start fails on a machine without an influxd; tests are skipped then.
var ErrMissing = errors.New("influxd is not on this machine (go install github.com/influxdata/influxdb/cmd/influxd@v1.8.10)")

// upPatience bounds how long the server may take to come up.
const upPatience = 60 * time.Second

// A Server is one influxd with a directory of its own.
type Server struct {
	// URL is where it listens: it stays the same over restarts.
	URL string

	program string
	dir     string
	cmd     *exec.Cmd // nil while it does not run
	log     *os.File
}

// Start starts an empty server and waits until it answers. It listens on loopback,
// speaks Flux, asks for no password and tells nobody that it is there. Close it.
//
// Lines of extra go to the end of its configuration, such as
//
//	[http]
//	max-body-size = 100
//
// and win over what is there already.
func Start(ctx context.Context, extra ...string) (*Server, error) {
	program, err := find()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ucare-influxd-")
	if err != nil {
		return nil, err
	}
	s := &Server{program: program, dir: dir}
	if err := s.configure(extra); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Restart(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// find looks where programs are, and where go install puts them.
func find() (string, error) {
	for _, name := range append([]string{"influxd"}, inGoPaths("influxd")...) {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", ErrMissing
}

func inGoPaths(program string) (names []string) {
	for _, dir := range filepath.SplitList(build.Default.GOPATH) {
		names = append(names, filepath.Join(dir, "bin", program))
	}
	return names
}

func (s *Server) configure(extra []string) error {
	address, err := acceptance.FreeAddress()
	if err != nil {
		return err
	}
	backup, err := acceptance.FreeAddress()
	if err != nil {
		return err
	}
	s.URL = "http://" + address
	return os.WriteFile(s.configuration(), []byte(settings(s.dir, address, backup, extra)), 0o600)
}

func (s *Server) configuration() string { return filepath.Join(s.dir, "influxd.conf") }

// settings is a configuration. TOML allows a table, and a key in it, only once, so what
// extra says goes into the tables that are there.
func settings(dir, address, backup string, extra []string) string {
	tables := []string{"", "[meta]", "[data]", "[monitor]", "[retention]", "[continuous_queries]", "[http]", "[logging]"}
	lines := map[string][]string{
		"":                     {"reporting-disabled = true", fmt.Sprintf("bind-address = %q", backup)},
		"[meta]":               {fmt.Sprintf("dir = %q", filepath.Join(dir, "meta"))},
		"[data]":               {fmt.Sprintf("dir = %q", filepath.Join(dir, "data")), fmt.Sprintf("wal-dir = %q", filepath.Join(dir, "wal")), "query-log-enabled = false"},
		"[monitor]":            {"store-enabled = false"},
		"[continuous_queries]": {"enabled = false"},
		"[http]":               {fmt.Sprintf("bind-address = %q", address), "flux-enabled = true", "log-enabled = false"},
		"[logging]":            {`level = "warn"`, "suppress-logo = true"},
	}
	table := ""
	for line := range strings.Lines(strings.Join(extra, "\n")) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			table = line
			continue
		}
		key, _, _ := strings.Cut(line, "=")
		lines[table] = slices.DeleteFunc(lines[table], func(old string) bool { return strings.HasPrefix(old, key) })
		lines[table] = append(lines[table], line)
	}
	var all strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&all, "%s\n%s\n\n", table, strings.Join(lines[table], "\n"))
	}
	return all.String()
}

// Restart starts the server again after Kill, on the data and the address that it
// had, and waits until it answers. A server that still runs is killed first.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.Kill(); err != nil {
		return err
	}
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(s.program, "-config", s.configuration())
	cmd.Env = append(os.Environ(), "HOME="+s.dir)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return errors.Join(err, log.Close())
	}
	s.cmd, s.log = cmd, log
	if err := acceptance.AwaitUp(ctx, s.URL+"/ping", http.StatusNoContent, upPatience); err != nil {
		text, _ := os.ReadFile(s.logFile())
		return errors.Join(fmt.Errorf("influxd did not come up: %w\n%s", err, text), s.Kill())
	}
	return nil
}

func (s *Server) logFile() string { return filepath.Join(s.dir, "influxd.log") }

// Kill ends the server with SIGKILL, as a power cut would. One that does not run is
// left alone.
func (s *Server) Kill() error {
	if s.cmd == nil {
		return nil
	}
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait() // "killed" is what was wanted
	err = errors.Join(err, s.log.Close())
	s.cmd, s.log = nil, nil
	return err
}

// Pause holds the server: connections are taken, and nothing is answered. It returns
// when the server stands still.
func (s *Server) Pause() error {
	if err := s.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	_, err := syscall.Wait4(s.cmd.Process.Pid, nil, syscall.WUNTRACED, nil)
	return err
}

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal os.Signal) error {
	if s.cmd == nil {
		return errors.New("influxd does not run")
	}
	return s.cmd.Process.Signal(signal)
}

// Close ends the server and removes what it stored.
func (s *Server) Close() error { return errors.Join(s.Kill(), os.RemoveAll(s.dir)) }
