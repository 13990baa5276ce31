package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history/embedded"
)

func TestThePseudonymsOfHomesAndSensorsAreTold(t *testing.T) {
	const influxDB = `, history: {store: influxdb, influxdb: {url: "http://127.0.0.1:1", bucket: ucare/readings, hours_bucket: ucare/hours}}`
	config, dir := gatewayWith(t, influxDB, "kim")
	tell := func() (string, error) {
		cmd := newHistoryPseudonyms()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs([]string{"--config", config})
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if _, err := tell(); err == nil || !strings.Contains(err.Error(), "the gateway makes it") {
		t.Errorf("without a key it says %v", err)
	}
	key := []byte("0123456789abcdef0123456789abcdef")
	if err := os.WriteFile(filepath.Join(dir, "pseudonyms.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	store, _, err := embedded.Open(t.Context(), filepath.Join(dir, "history.db"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := ucare.Reading{At: time.Now(), Dwelling: "moved-out", Sensor: "bed 1", Room: "bedroom", Kind: ucare.Bed, State: ucare.Active}
	if err := store.Append(t.Context(), []ucare.Reading{r}, 0); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	told, err := tell()
	if err != nil {
		t.Fatal(err)
	}
	for name, pseudonym := range map[string]string{"kim": hashed(key, "d-", "kim"), "moved-out": hashed(key, "d-", "moved-out"), "bed 1": hashed(key, "s-", "bed 1")} {
		if !strings.Contains(told, name) || !strings.Contains(told, pseudonym) {
			t.Errorf("%s is %s; it says\n%s", name, pseudonym, told)
		}
	}
}

// hashed is a pseudonym, worked out once more.
func hashed(key []byte, prefix, name string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(prefix + name))
	return prefix + hex.EncodeToString(mac.Sum(nil)[:8])
}
