package influxd_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare/acceptance/influxd"
)

// post sends line protocol and returns how it went.
func post(ctx context.Context, url, body string) (status int, text string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

func must(t *testing.T, url, body string, want int) string {
	t.Helper()
	status, text, err := post(t.Context(), url, body)
	if err != nil || status != want {
		t.Fatalf("POST %s: %d %s %v; want %d", url, status, text, err, want)
	}
	return text
}

// A server keeps what it has taken when it is killed, and comes back where it was.
func TestAServerIsKilledAndComesBack(t *testing.T) {
	server := influxd.ForTest(t)
	must(t, server.URL+"/query", "q=CREATE DATABASE d", http.StatusOK)
	must(t, server.URL+"/write?db=d", "m v=42 1", http.StatusNoContent)
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := post(t.Context(), server.URL+"/write?db=d", "m v=43 2"); err == nil {
		t.Error("a killed server answers")
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := must(t, server.URL+"/query?db=d", "q=SELECT v FROM m", http.StatusOK); !strings.Contains(got, "42") || strings.Contains(got, "43") {
		t.Errorf("after a restart it has %s", got)
	}
}

func TestAPausedServerTakesAndDoesNotAnswer(t *testing.T) {
	server := influxd.ForTest(t)
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := post(ctx, server.URL+"/query", "q=SHOW DATABASES"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a paused server: %v", err)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	must(t, server.URL+"/query", "q=SHOW DATABASES", http.StatusOK)
}

func TestALineIsBadInManyWays(t *testing.T) {
	server := influxd.ForTest(t, "[http]", "max-body-size = 100")
	line, err := influxd.NewLine(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	must(t, line.URL+"/query", "q=CREATE DATABASE d", http.StatusOK)
	must(t, line.URL+"/write?db=d", "m v=1 1"+strings.Repeat(" ", 200), http.StatusRequestEntityTooLarge)

	line.Set(influxd.Status(http.StatusTooManyRequests, "slowly", 7*time.Second))
	if got := must(t, line.URL+"/write?db=d", "m v=1 1", http.StatusTooManyRequests); !strings.Contains(got, "slowly") {
		t.Errorf("the reason is lost: %s", got)
	}
	line.Set(influxd.Cut())
	if status, _, err := post(t.Context(), line.URL+"/write?db=d", "m v=1 1"); err == nil {
		t.Errorf("a cut line answers %d", status)
	}
	line.Set(influxd.Hang())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := post(ctx, line.URL+"/write?db=d", "m v=1 2"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a line that hangs: %v", err)
	}
	line.Set(influxd.Slow(100 * time.Millisecond))
	began := time.Now()
	must(t, line.URL+"/write?db=d", "m v=1 3", http.StatusNoContent)
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("a slow line took %v", took)
	}
	line.Set(influxd.Pass())
	got := must(t, line.URL+"/query?db=d&epoch=ns", "q=SELECT v FROM m", http.StatusOK)
	if !strings.Contains(got, "[1,1],[3,1]") {
		t.Errorf("the server has %s; want what was cut off and what was slow, and nothing that was refused or hung", got)
	}
	if n := line.Requests("/write"); n != 5 {
		t.Errorf("%d writes were seen, want 5", n)
	}
}
