package acceptance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is the program under test, compiled once for all tests.
var built struct {
	once   sync.Once
	binary string
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.binary != "" {
		if err := os.RemoveAll(filepath.Dir(built.binary)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

func ucareBinary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "ucare-acceptance-")
		if err != nil {
			built.err = err
			return
		}
		built.binary, built.err = Build(context.Background(), dir, "")
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.binary
}

// program is the path of a program of the machine; the test is skipped where
// it is missing.
func program(t *testing.T, name, install string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Skipf("SKIPPED: %s is not on this machine (Debian: apt-get install %s)", name, install)
	return ""
}
