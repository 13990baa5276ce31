package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const checked = `gateway: {id: home, language: LANGUAGE}
dwellings:
  - id: kim
    account: "0011"
    address: Seoul
    rooms: [{id: kitchen, name: 부엌}]
    mappings:
      - {topic: house/+/fire, path: state, kind: smoke, room: kitchen, sensor: "{1} detector", on: ALARM, off: OK, drill: TEST}
      - {use: hue}
sensors:
  client: {url: "mqtt://localhost:1883"}
emergency:
  receivers: [{id: centre, webhook: {url: "https://centre.example.org", secret_env: CHECK_SECRET}}]
  routes:
    - {id: all, rules: [fire, help, fall, inactivity], steps: [{receivers: [centre]}]}
`

// check runs ucare check on the configuration above.
func check(t *testing.T, spoken string, args ...string) (string, int) {
	t.Helper()
	return checkText(t, spoken, checked, args...)
}

func checkText(t *testing.T, spoken, text string, args ...string) (string, int) {
	t.Helper()
	t.Setenv("CHECK_SECRET", "whsec_"+strings.Repeat("YWFh", 11)) // 33 bytes
	file := filepath.Join(t.TempDir(), "ucare.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(text, "LANGUAGE", spoken, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out output
	code := run(append([]string{"check", "--config", file}, args...), &out, &out)
	return out.String(), code
}

// A server that is away is no mistake in the file, and nobody's name goes there.
func TestCheckNotesThatTheInfluxDBDoesNotAnswer(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		w.Header().Set("X-Influxdb-Version", "v2.7.1")
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	with := func(address string) (string, int) {
		t.Setenv("UCARE_INFLUXDB_URL", address)
		t.Setenv("UCARE_DATA", t.TempDir())
		text := strings.Replace(checked, "language: LANGUAGE", "language: LANGUAGE, history: {store: influxdb, influxdb: {org: home, token_env: CHECK_SECRET}}", 1)
		return checkText(t, "en", text)
	}
	out, code := with(server.URL)
	if code != 0 || strings.Contains(out, "# note") || !slices.Equal(asked, []string{"GET /ping"}) {
		t.Errorf("code %d; it asked %v:\n%s", code, asked, out)
	}
	server.Close()
	out, code = with(server.URL)
	if code != 0 || !strings.Contains(out, "# note: gateway.history.influxdb: ") || !strings.Contains(out, server.URL) {
		t.Errorf("a server that is away: code %d\n%s", code, out)
	}
}

func TestASampleIsToldInWords(t *testing.T) {
	for name, test := range map[string]struct {
		language string
		args     []string
		want     []string
		not      string
	}{
		"an alarm":  {"en", []string{"--topic", "house/hall/fire", "--payload", `{"state":"ALARM"}`}, []string{"hall detector, 부엌: smoke – smoke!"}, "FAULT"},
		"in Korean": {"ko", []string{"--topic", "house/hall/fire", "--payload", `{"state":"ALARM"}`}, []string{"hall detector, 부엌: 연기"}, "장애"},
		"a drill":   {"en", []string{"--topic", "house/hall/fire", "--payload", `{"state":"TEST"}`}, []string{"a test press"}, "FAULT"},
		"from the store": {
			"en",
			[]string{"--topic", "house/hall/fire", "--payload", `{"state":"ALARM"}`, "--retained"},
			[]string{"from the broker's store", "old news"},
			"NOBODY",
		},
		"an unknown value": {
			"en",
			[]string{"--topic", "house/hall/fire", "--payload", `{"state":"?"}`},
			[]string{"FAULT", "add it to on, off or says_nothing", `Technical detail: state is "?"`},
			"makers",
		},
		"a null":        {"en", []string{"--topic", "house/hall/fire", "--payload", "null"}, []string{"FAULT", "hall detector", "says_nothing"}, "NOBODY"},
		"no such field": {"en", []string{"--topic", "house/hall/fire", "--payload", `{"status":"ALARM"}`}, []string{"NOTHING IN THIS MESSAGE"}, "NOBODY"},
		"nobody": {
			"en",
			[]string{"--topic", "attic/knock", "--payload", "1"},
			[]string{"NOBODY LISTENS", "topic: \"attic/knock\"", "not subscribed", "Home Assistant discovery", "--messages"},
			"smoke",
		},
		"no such command": {"en", []string{"--topic", "ucare/kim/gateway/set/dance", "--payload", "ON"}, []string{"FAULT", "away, cancel, checkin and test"}, "NOBODY"},
		"of no interest":  {"en", []string{"--topic", "hue/hall/lux", "--payload", "7"}, []string{"of no interest"}, "NOBODY"},
	} {
		t.Run(name, func(t *testing.T) {
			got, code := check(t, test.language, test.args...)
			if code != 0 {
				t.Errorf("exit code %d", code)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("it does not say %q:\n%s", want, got)
				}
			}
			if strings.Contains(got, test.not) {
				t.Errorf("it says %q:\n%s", test.not, got)
			}
		})
	}
}

// What comes first gives what follows its meaning.
func TestMessagesAreTriedInTheirOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "messages.jsonl")
	lines := `{"topic":"zigbee2mqtt/bridge/devices","retained":true,"payload":[{"ieee_address":"0x1","friendly_name":"hall","type":"EndDevice","definition":{"vendor":"v","model":"m","exposes":[{"type":"binary","property":"contact","value_on":false,"value_off":true}]}}]}

{"topic":"zigbee2mqtt/hall","payload":"{\"contact\":false}"}
`
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	got, code := check(t, "en", "--messages", file)
	if code != 0 || !strings.Contains(got, "hall, No room given: door – open") {
		t.Errorf("exit code %d:\n%s", code, got)
	}
	for text, want := range map[string]string{"{": "line 1 is no message", `{"payload":"x"}`: "line 1 has no topic"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, code := check(t, "en", "--messages", file); code != 1 || !strings.Contains(got, want) {
			t.Errorf("exit code %d, want 1 and %q:\n%s", code, want, got)
		}
	}
}

func TestReadyMappingsAreListedAndPrinted(t *testing.T) {
	got, _ := check(t, "en", "--mappings")
	for _, want := range []string{"rtl_433", "homematic", "홈매틱"} {
		if !strings.Contains(got, want) {
			t.Errorf("the list does not have %q:\n%s", want, got)
		}
	}
	if got, _ := check(t, "en", "--mappings", "hue"); !strings.Contains(got, "+/presence") {
		t.Errorf("it is not printed:\n%s", got)
	}
	if got, code := check(t, "en", "--mappings", "hu"); code != 1 || !strings.Contains(got, "hue, milesight") {
		t.Errorf("exit code %d, want 1 and the names:\n%s", code, got)
	}
	if got, code := check(t, "en", "--payload", "x"); code != 1 || !strings.Contains(got, "--topic") {
		t.Errorf("exit code %d, want 1 and the missing flag:\n%s", code, got)
	}
}

// What is listened to by default is in force like what the file says.
func TestTheEcosystemsInForceArePrinted(t *testing.T) {
	got, code := check(t, "en")
	for _, want := range []string{"# kim is listened to on:", "zigbee2mqtt    zigbee2mqtt  (assumed", "shelly         wherever", "zwavejs        zwave ", "ucare/kim/<sensor>"} {
		if code != 0 || !strings.Contains(got, want) {
			t.Errorf("exit code %d, and it does not say %q:\n%s", code, want, got)
		}
	}
}
