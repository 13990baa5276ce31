package configs

import (
	"testing"
	"time"
)

func TestALengthOfTimeHasAUnit(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"60s": time.Minute, "1m30s": 90 * time.Second, "0s": 0, "1.5h": 90 * time.Minute, "12h": 12 * time.Hour,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":         `is not a length of time: write for example "60s", "5m" or "12h"`,
		"0":        `has no unit: write "0s" (or "0m", "0h")`,
		"10":       `has no unit: write "10s" (or "10m", "10h")`,
		"0.5":      `has no unit: write "0.5s" (or "0.5m", "0.5h")`,
		"3d":       `has a unit of unequal length: write "72h"`,
		"12 hours": `is not a length of time: write for example "60s", "5m" or "12h"`,
	} {
		if got, err := parseDuration(text); err == nil || err.Error() != want {
			t.Errorf("%q is %v, %v; want the error %s", text, got, err, want)
		}
	}
}

func TestALengthOfTimeIsWrittenShortly(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"12h": 12 * time.Hour, "1h30m": 90 * time.Minute, "5m": 5 * time.Minute, "1m30s": 90 * time.Second,
		"0s": 0, "10s": 10 * time.Second, "840h": 840 * time.Hour, "100ms": 100 * time.Millisecond, "20m": 20 * time.Minute,
	} {
		if got := writeDuration(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

func TestASizeHasAUnit(t *testing.T) {
	for text, want := range map[string]ByteSize{"0B": 0, "64KiB": 65536, "2MiB": 2 << 20, "1GiB": 1 << 30, "1500B": 1500} {
		var b ByteSize
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want || b.String() != text {
			t.Errorf("%q is %d (%s), %v; want %d", text, b, b, err, want)
		}
	}
	for _, text := range []string{"", "B", "2MB", "-1B", "1.5MiB", "2 MiB", "9999999999GiB", "65536"} {
		var b ByteSize
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %s", text, b)
		}
	}
}

func TestAClockWindowIsTwoTimesOfDay(t *testing.T) {
	for text, want := range map[string]ClockWindow{
		"": {}, "22:00-07:00": {22 * time.Hour, 7 * time.Hour}, "00:00-06:30": {0, 6*time.Hour + 30*time.Minute},
	} {
		var w ClockWindow
		if err := w.UnmarshalText([]byte(text)); err != nil || w != want || w.String() != text {
			t.Errorf("%q is %v (%s), %v; want %v", text, w, w, err, want)
		}
	}
	for _, text := range []string{"22:00", "22-7", "22:00-24:00", "7:00-8:00", "22:00-22:00", "22:00-07:00-08:00", "22:00 - 07:00"} {
		var w ClockWindow
		if err := w.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %v", text, w)
		}
	}
}

// The check of keys and kinds comes first; behind it the decoding is as strict.
func TestTheDecodingAloneIsStrict(t *testing.T) {
	for _, text := range []string{
		"rules: {fire: {hold_off: 10}}", "gateway: {id: 5}", "gateway.id: a", "colour: red", "dwellings: {id: kim}",
	} {
		if err := decode([]byte(text), defaultGateway(), nil); err == nil {
			t.Errorf("%s is decoded", text)
		}
	}
	if err := decode([]byte("rules: {fire: {hold_off: 10s}}"), defaultGateway(), nil); err != nil {
		t.Error(err)
	}
}

func TestHowFarAwayAHostIs(t *testing.T) {
	for host, want := range map[string]place{
		"localhost": thisMachine, "127.0.0.1": thisMachine, "::1": thisMachine, "::ffff:127.0.0.1": thisMachine,
		"192.168.0.4": thisNetwork, "10.1.2.3": thisNetwork, "fd00::1": thisNetwork, "fe80::1": thisNetwork,
		"mosquitto": thisNetwork, "Broker.Local": thisNetwork, "nas.home.arpa.": thisNetwork,
		"example.org": elsewhere, "8.8.8.8": elsewhere, "2001:4860:4860::8888": elsewhere, "localhost.example.org": elsewhere,
		"0.0.0.0": elsewhere,
	} {
		if got := hostPlace(host); got != want {
			t.Errorf("%s is at %d, want %d", host, got, want)
		}
	}
}
