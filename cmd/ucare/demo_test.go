package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// runDemo runs the demo as the command line does.
func runDemo(ctx context.Context, out *output, args ...string) error {
	root := newRoot()
	root.SetArgs(append([]string{"demo"}, args...))
	root.SetOut(out)
	root.SetErr(out)
	return root.ExecuteContext(ctx)
}

// output is what the demo printed so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func TestTheDemoTellsTheWholeStory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out output
	if err := runDemo(ctx, &out, "--unattended", "--day-takes", "500ms"); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	rest := out.String()
	for _, step := range []string{
		"centre's page", "daughter's page", "the toast burns", "Fire alarm raised", "centre's machine has it",
		"Operator Park has acknowledged it", "the smoke is gone", "restored, and the centre knows", "has closed the case", "cleaned up",
	} {
		at := strings.Index(rest, step)
		if at < 0 {
			t.Fatalf("the demo does not say %q, or not in this place:\n%s", step, out.String())
		}
		rest = rest[at:]
	}
	if strings.Contains(out.String(), "Ctrl-C") {
		t.Errorf("an unattended demo ends by itself, and says:\n%s", out.String())
	}
	nothingLeft(t)
}

func TestCtrlCEndsTheDemoCleanly(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var out output
	ended := make(chan error, 1)
	go func() { ended <- runDemo(ctx, &out, "--day-takes", "1h") }()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for deadline := time.After(time.Minute); !strings.Contains(out.String(), "at speed"); {
		select {
		case <-look.C:
		case err := <-ended:
			t.Fatalf("the demo ended by itself: %v\n%s", err, out.String())
		case <-deadline:
			t.Fatalf("the demo does not begin:\n%s", out.String())
		}
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	nothingLeft(t)
}

func nothingLeft(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "ucare-demo-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestAWrongConfigurationIsExplained(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ucare.yaml")
	if err := os.WriteFile(file, []byte("gateway: {id: home, colour: red}\nrules: {fire: {hold_off: 10}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs output
	if code := run([]string{"check", "--config", file}, &out, &errs); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, want := range []string{"colour", `"10s"`, "dwellings"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("the error does not speak of %s:\n%s", want, errs.String())
		}
	}
}

func TestAGatewayThatIsNotThereIsExplained(t *testing.T) {
	address, err := freeAddress("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"health", "test-alarm", "sensors"} {
		var out, errs output
		if code := run([]string{command, "--address", address}, &out, &errs); code != 1 {
			t.Errorf("%s: exit code %d, want 1", command, code)
		}
		if !strings.Contains(errs.String(), "ucare gateway") {
			t.Errorf("%s does not say what to do: %s", command, errs.String())
		}
	}
}
