package center

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/sqlite"
)

const childEnv = "CENTER_TEST_DATA_FILE"

// TestMain runs a centre instead of the tests in the process that is killed.
func TestMain(m *testing.M) {
	if file := os.Getenv(childEnv); file != "" {
		fmt.Fprintln(os.Stderr, serveUntilKilled(file))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func killedConfig(file string) Config {
	return Config{
		Name: "Seongbuk centre", Gateways: []Gateway{{ID: "gw-1", Secrets: []string{secretA}}},
		Operators: []Operator{{ID: "kim", Name: "Kim Min-ji", Password: "correct horse"}}, DataFile: file, Location: time.UTC,
	}
}

func serveUntilKilled(file string) error {
	c, err := Open(context.Background(), killedConfig(file), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	return http.Serve(listener, c.Handler())
}

func TestNothingIsForgottenByKillMinusNine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "center.db")
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childEnv+"="+file)
	child.Stderr = t.Output()
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, url: strings.TrimSpace(url)}
	receipts := make(map[string]emergency.Receipt)
	for n := range 20 {
		r := smoke(fmt.Sprintf("a%d", n), ucare.Raise, 1)
		receipts[r.ID] = *s.sends(r).Receipt
	}
	s.submits("/acknowledge", about("a3"))
	s.submits("/close", closing("a4", Steam, "shower"))
	before := s.list()
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed

	again := openSite(t, killedConfig(file))
	if after := again.list(); len(after) != 20 || !reflect.DeepEqual(after, before) {
		t.Errorf("after:\n%+v\nbefore:\n%+v", after, before)
	}
	for n := range 20 {
		r := smoke(fmt.Sprintf("a%d", n), ucare.Raise, 1)
		if got := *again.sends(r).Receipt; got != receipts[r.ID] {
			t.Errorf("receipt %+v, want %+v", got, receipts[r.ID])
		}
	}
	if n := again.count("actions"); n != 2 {
		t.Errorf("%d actions, want 2", n)
	}
}

func TestWhatWasHeardOfGatewaysOutlivesTheCentre(t *testing.T) {
	config := testConfig(t)
	config.Gateways[1].Grace = time.Nanosecond
	c, err := Open(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.heard(t.Context(), verified{Gateway: "gw-1", At: now}, emergency.Heartbeat{Every: 90, Version: "0.1.0"})
	c.raiseSilences(t.Context(), now.Add(2*time.Minute)) // gw-2 was never heard
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	states := again.gatewayStates()
	if states[0].ID != "gw-2" || !states[0].silent() {
		t.Errorf("%+v, want gw-2 silent", states[0])
	}
	if g := states[1]; g.silent() || !g.HeardAt.Equal(now) || g.Every != 90*time.Second || g.Version != "0.1.0" {
		t.Errorf("%+v", g)
	}
	again.raiseSilences(t.Context(), now.Add(3*time.Minute))
	if rows, err := again.store.silences(t.Context(), 10); err != nil || len(rows) != 1 {
		t.Errorf("%d silences, want 1: %v", len(rows), err)
	}
}

func TestWhatWasReceivedAndDoneCannotBeChanged(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	s.submits("/acknowledge", about("a1"))
	for _, statement := range []string{"DELETE FROM reports", "UPDATE reports SET verb = 'cancel'", "DELETE FROM actions", "UPDATE actions SET name = 'Lee'"} {
		err := s.store.file.Write(t.Context(), func(tx *sqlite.Tx) error {
			_, err := tx.Exec(statement)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "are kept") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

func TestEverythingWrongWithTheConfigurationIsSaidAtOnce(t *testing.T) {
	config := Config{
		HeartbeatGrace: -1, ClockTolerance: -1,
		Gateways: []Gateway{
			{ID: "a b", Secrets: []string{"secret"}},
			{ID: "gw", Secrets: []string{"whsec_QUFB"}},
			{ID: "gw", Grace: -1},
			{ID: "x", Secrets: []string{"whsec_%"}},
		},
		Operators: []Operator{{ID: "k:m", Password: "correct horse"}, {ID: "lee", Password: "short"}, {ID: "lee", Password: "correct horse"}},
	}
	err := config.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"name: is empty", "data file: is empty", "heartbeat grace: -1ns is negative", "clock tolerance: -1ns is negative",
		`gateway 1 ("a b"): id: use 1 to 64`, `does not begin with "whsec_"`, "has 3 bytes", `gateway 3 ("gw"): id: is there twice`,
		`gateway 3 ("gw"): grace: -1ns is negative`, `gateway 3 ("gw"): secrets: there is none`, "is not base64",
		`operator 1 ("k:m"): id`, `operator 2 ("lee"): password: has 5 characters`, `operator 3 ("lee"): id: is there twice`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 14 {
		t.Errorf("%d errors, want 14:\n%v", n, err)
	}
	for _, secret := range []string{"QUFB", "short"} {
		if strings.Contains(err.Error(), `"`+secret) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	if _, err := Open(t.Context(), Config{Name: "x", DataFile: "x", Gateways: testConfig(t).Gateways}, slog.New(slog.DiscardHandler)); err == nil ||
		!strings.Contains(err.Error(), "operators: there is none") {
		t.Errorf("opened without operators: %v", err)
	}
	if err := testConfig(t).Validate(); err != nil {
		t.Error(err)
	}
}
