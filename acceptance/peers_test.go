package acceptance

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// startMosquitto runs a real mosquitto for the test, as a household might have
// one, and returns its address.
func startMosquitto(t *testing.T) string {
	t.Helper()
	mosquitto := program(t, "mosquitto", "mosquitto")
	address, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	dir := t.TempDir()
	config := filepath.Join(dir, "mosquitto.conf")
	lines := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmessage_size_limit 2097152\npersistence false\n", port)
	if err := os.WriteFile(config, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(mosquitto, "-c", config)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	awaitPort(t, address)
	return address
}

func awaitPort(t *testing.T, address string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		if connection, err := net.Dial("tcp", address); err == nil {
			_ = connection.Close()
			return
		}
		select {
		case <-deadline:
			t.Fatalf("nothing listens on %s", address)
		case <-look.C:
		}
	}
}

// mosquittoPub publishes as a household's script would: with Debian's
// mosquitto_pub, QoS 1.
func mosquittoPub(t *testing.T, address string, args ...string) error {
	t.Helper()
	host, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(program(t, "mosquitto_pub", "mosquitto-clients"),
		append([]string{"-h", host, "-p", port, "-q", "1"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mosquitto_pub: %w: %s", err, out)
	}
	return nil
}
