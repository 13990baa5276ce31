package configs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// home is a directory with the secrets and certificates that the examples name.
func home(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"zigbee2mqtt", "stove-plug", "zwave", "homeassistant", "mosquitto", "daughter", "park"} {
		write("secrets/"+name+".password", "correct horse\n", 0o600)
	}
	for i, name := range []string{"centre", "second-centre", "new"} {
		raw := strings.Repeat(string(rune('a'+i)), 32)
		write("secrets/"+name+".secret", "whsec_"+base64.StdEncoding.EncodeToString([]byte(raw))+"\n", 0o640)
	}
	write("secrets/influxdb.token", "token of the server\n", 0o600)
	write("secrets/open.password", "correct horse\n", 0o644)
	write("secrets/empty.password", "\n", 0o600)
	write("secrets/short.password", "1234\n", 0o600)
	write("secrets/two-lines.password", "correct horse\nbattery\n", 0o600)
	write("secrets/short.secret", "whsec_YWJj\n", 0o600)
	cert, key := certificate(t)
	write("tls/cert.pem", cert, 0o644)
	write("tls/ca.pem", cert, 0o644)
	write("tls/key.pem", key, 0o600)
	_, other := certificate(t)
	write("tls/other-key.pem", other, 0o600)
	write("tls/open-key.pem", key, 0o644)
	return dir
}

func certificate(t testing.TB) (certPEM, keyPEM string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}

// loaded is what Load and LoadCenter return.
type loaded interface {
	String() string
	Warnings() []string
}

// load writes text beside the secrets of dir and loads it.
func load(t testing.TB, dir, name, text string) (loaded, error) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(name, "center") {
		return LoadCenter(path)
	}
	return Load(path)
}

// switchedOn is an example with every setting that stands behind "#".
func switchedOn(text string) string {
	return regexp.MustCompile(`(?m)^(\s*)#(\S)`).ReplaceAllString(text, "$1$2")
}

func TestTheExamplesLoad(t *testing.T) {
	for name, text := range map[string]string{
		"ucare.yaml": Example(), "ucare.minimal.yaml": MinimalExample(), "center.yaml": CenterExample(),
		"ucare.minimal.all.yaml": switchedOn(MinimalExample()),
		"ucare.all.yaml":         switchedOn(Example()), "center.all.yaml": switchedOn(CenterExample()),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, home(t), name, text)
			if err != nil {
				t.Fatal(err)
			}
			if w := c.Warnings(); len(w) > 0 && name != "ucare.all.yaml" {
				t.Errorf("an example should be wise: %s", strings.Join(w, "\n"))
			}
		})
	}
}

func TestTheExamplesNameEveryKey(t *testing.T) {
	for text, of := range map[string]reflect.Type{
		Example(): reflect.TypeFor[Gateway](), CenterExample(): reflect.TypeFor[Center](),
	} {
		for _, key := range allKeys(of) {
			if strings.HasSuffix(key, "_env") { // explained once at the top
				continue
			}
			if !regexp.MustCompile(`[\s#{]` + key + `:`).MatchString(text) {
				t.Errorf("the example of %s has no %s", of, key)
			}
		}
	}
}

func allKeys(t reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if isScalar(t) {
		return nil
	}
	keys := keysOf(t)
	for field := range t.Fields() {
		if _, inline := keyOf(field); !inline && field.IsExported() {
			keys = append(keys, allKeys(field.Type)...)
		}
	}
	return keys
}

// What the example says is what holds without it: somebody who copies it and
// takes a line out gets no surprise.
func TestTheExampleSaysTheDefaults(t *testing.T) {
	dir := home(t)
	full, err := load(t, dir, "ucare.yaml", switchedOn(Example()))
	if err != nil {
		t.Fatal(err)
	}
	minimal, err := load(t, dir, "ucare.minimal.yaml", MinimalExample())
	if err != nil {
		t.Fatal(err)
	}
	said, holds := full.(*Gateway), minimal.(*Gateway)
	if i := said.Box.History.Influx; i == nil || i.Bucket != "ucare" || i.HoursBucket != "ucare_hours" {
		t.Errorf("gateway.history.influxdb: the example says %+v, want the default buckets", i)
	}
	said.Box.History.Influx = nil // by default there is none
	if said.Box.String() != holds.Box.String() {
		t.Errorf("gateway: the example says\n%+v\nand the default is\n%+v", said.Box, holds.Box)
	}
	if len(said.Rules.Fire.NotRooms) == 0 {
		t.Error("rules.fire.not_rooms: the example names none")
	}
	said.Rules.Fire.NotRooms = nil // by default there are none
	if !reflect.DeepEqual(said.Rules, holds.Rules) {
		t.Errorf("rules: the example says\n%+v\nand the default is\n%+v", said.Rules, holds.Rules)
	}
	if said.Emergency.Heartbeat != holds.Emergency.Heartbeat || said.Emergency.Routes[0].Steps[0].Within != holds.Emergency.Routes[0].Steps[0].Within {
		t.Error("emergency: the example says other times than the defaults")
	}
	if said.Sensors.Broker.Listen != holds.Sensors.Broker.Listen || said.Sensors.Broker.MaxMessage != holds.Sensors.Broker.MaxMessage {
		t.Error("sensors.broker: the example says something else than the defaults")
	}
}

// String makes two boxes comparable: a time zone is a pointer.
func (b Box) String() string {
	zone := b.TimeZone.Location.String()
	b.TimeZone = TimeZone{}
	type plain Box
	return fmt.Sprintf("%+v %s", plain(b), zone)
}

// deploy/ucare.yaml is the configuration of the compose file.
func TestTheDeployedExampleLoads(t *testing.T) {
	text, err := os.ReadFile("../deploy/ucare.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := home(t)
	for from, to := range map[string]string{
		"mosquitto.password": "mqtt.password", "centre.secret": "centre.secret", "influxdb.token": "gateway.influxdb.token",
	} {
		if err := os.Rename(filepath.Join(dir, "secrets", from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := load(t, dir, "ucare.yaml", strings.ReplaceAll(string(text), "/run/secrets/", ""))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"gateway.history.influxdb.url: http://influxdb:8086 is not encrypted; whoever is in the same network can read it",
		"sensors.client.url: mqtt://mosquitto:1884 is not encrypted; whoever is in the same network can read it",
	}
	if !slices.Equal(c.Warnings(), want) {
		t.Errorf("the warnings are %q", c.Warnings())
	}
}

func TestValuesAreTyped(t *testing.T) {
	dir := home(t)
	c, err := load(t, dir, "ucare.yaml", switchedOn(Example()))
	if err != nil {
		t.Fatal(err)
	}
	g := c.(*Gateway)
	check := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	check("account", g.Dwellings[0].Account, "001122")
	check("topic", g.Dwellings[0].Sensors[0].Topic, "zigbee2mqtt/부엌 연기")
	check("after", g.Rules.Inactivity.After, 12*time.Hour)
	check("night", g.Rules.Inactivity.Night, ClockWindow{From: 22 * time.Hour, To: 7 * time.Hour})
	check("max_message", g.Sensors.Broker.MaxMessage, ByteSize(2<<20))
	check("time zone", g.Box.TimeZone.Location.String(), "Asia/Seoul")
	check("password", g.Sensors.Broker.Devices[0].Password.Secret().Reveal(), "correct horse")
	check("password file", g.Sensors.Broker.Devices[0].Password.File, filepath.Join(dir, "secrets/zigbee2mqtt.password"))
	check("secrets", len(g.Emergency.Receivers[1].Webhook.Secret.Secrets()), 2)
	check("newest secret", g.Emergency.Receivers[1].Webhook.Secret.Secrets()[0].Reveal(), "whsec_Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=")
	check("token", g.Box.History.Influx.Token.Secret().Reveal(), "token of the server")
	check("cert file", g.Sensors.Broker.TLS.CertFile, filepath.Join(dir, "tls/cert.pem"))
}

var update = flag.Bool("update", false, "write the errors and warnings into the files of testdata")

// Every file of testdata begins with the errors that it must give, one a
// comment line "# error: …", or the warnings, "# warning: …".
func TestTestdata(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("found only %d files in testdata (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("SPARE_SECRET_IN_TESTS", "whsec_"+strings.Repeat("YWFh", 8))
			dir := home(t)
			body := header.ReplaceAllString(string(text), "")
			c, err := load(t, dir, filepath.Base(file), body)
			got := told(err, dir)
			if *update {
				rewrite(t, file, body, got, c)
				return
			}
			if want := expected(string(text), "error"); !slices.Equal(got, want) {
				t.Errorf("the errors are\n# error: %s\nwant\n# error: %s", strings.Join(got, "\n# error: "), strings.Join(want, "\n# error: "))
			}
			if want := expected(string(text), "warning"); err == nil && !slices.Equal(c.Warnings(), want) {
				t.Errorf("the warnings are\n# warning: %s\nwant\n# warning: %s", strings.Join(c.Warnings(), "\n# warning: "), strings.Join(want, "\n# warning: "))
			}
			switch isBad := strings.HasSuffix(file, ".bad.yaml"); {
			case isBad && len(got) == 0:
				t.Error("it is called bad and loads")
			case !isBad && len(got) > 0:
				t.Error("it is called good and does not load")
			}
		})
	}
}

var header = regexp.MustCompile(`(?m)^# (error|warning): .*\n`)

// rewrite puts what is told now at the top of the file.
func rewrite(t *testing.T, file, body string, errs []string, c loaded) {
	t.Helper()
	var b strings.Builder
	for _, line := range errs {
		b.WriteString("# error: " + line + "\n")
	}
	if len(errs) == 0 {
		for _, line := range c.Warnings() {
			b.WriteString("# warning: " + line + "\n")
		}
	}
	b.WriteString(body)
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// expected reads the lines "# error: …" or "# warning: …" of a file.
func expected(text, what string) []string {
	var want []string
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "# "+what+": "); ok {
			want = append(want, strings.TrimSpace(rest))
		}
	}
	return want
}

// told splits a joined error into lines without the file, the line number and
// the temporary directory.
func told(err error, dir string) []string {
	if err == nil {
		return nil
	}
	var lines []string
	for line := range strings.Lines(err.Error()) {
		_, line, _ = strings.Cut(strings.TrimSpace(line), ": ")
		lines = append(lines, strings.ReplaceAll(line, dir, "DIR"))
	}
	return lines
}

func TestAProblemTellsItsLine(t *testing.T) {
	dir := home(t)
	_, err := load(t, dir, "ucare.yaml", strings.Replace(Example(), "hold_off: 60s", "hold_off: 10", 1))
	problem, ok := errors.AsType[*Problem](err)
	if !ok {
		t.Fatalf("the error is %v", err)
	}
	line := 1 + strings.Count(Example()[:strings.Index(Example(), "hold_off: 60s")], "\n")
	want := Problem{File: filepath.Join(dir, "ucare.yaml"), Line: line, Key: "rules.fire.hold_off", Value: "10", Hint: `has no unit: write "10s" (or "10m", "10h")`}
	if *problem != want {
		t.Errorf("got\n%+v, want\n%+v", *problem, want)
	}
}

func TestATabTellsItsLine(t *testing.T) {
	_, err := load(t, t.TempDir(), "ucare.yaml", "gateway:\n  id: a\tb\n  \tlisten: x\n")
	problem, ok := errors.AsType[*Problem](err)
	if !ok || problem.Line != 3 || !strings.Contains(problem.Hint, "use spaces") {
		t.Errorf("the error is %v, want line 3 and spaces", err)
	}
	// A tab elsewhere is not the reason.
	_, err = load(t, t.TempDir(), "ucare.yaml", "gateway: [\n  id: a\tb\n")
	if problem, ok := errors.AsType[*Problem](err); !ok || strings.Contains(problem.Hint, "spaces") {
		t.Errorf("the error is %v, want YAML's own words", err)
	}
}

// Whoever runs the recipe of a hint has a file that loads.
func TestTheRecipesMakeSecretsThatLoad(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh here")
	}
	dir := filepath.Join(t.TempDir(), "it's mine")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = load(t, dir, "ucare.yaml", MinimalExample())
	if err == nil {
		t.Fatal("it loads without its secrets")
	}
	for line := range strings.Lines(err.Error()) {
		_, recipe, found := strings.Cut(line, "make one with: ")
		end := strings.LastIndex(recipe, ")")
		if !found || end < 0 {
			t.Fatalf("a hint without a recipe: %s", line)
		}
		if out, err := exec.CommandContext(t.Context(), shell, "-c", recipe[:end+1]).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", recipe[:end+1], err, out)
		}
	}
	if _, err = load(t, dir, "ucare.yaml", MinimalExample()); err != nil {
		t.Errorf("it does not load after the recipes: %v", err)
	}
}

func TestAFileThatIsNotThereIsAnError(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "nothing.yaml")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "--config") {
		t.Errorf("got %v, want the way to name another file", err)
	}
	if _, err := Load("/dev/zero"); err == nil {
		t.Error("a device that never ends was read")
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	dir := home(t)
	for name, text := range map[string]string{"ucare.yaml": switchedOn(Example()), "center.yaml": CenterExample()} {
		c, err := load(t, dir, name, text)
		if err != nil {
			t.Fatal(err)
		}
		ways := []string{c.String(), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c)}
		if g, ok := c.(*Gateway); ok {
			ways = append(ways, fmt.Sprintf("%+v", *g.Box.History.Influx), fmt.Sprintf("%#v", *g.Box.History.Influx), fmt.Sprintf("%+v", *g.Sensors.Broker), fmt.Sprintf("%#v", g.Sensors.Broker.Devices), fmt.Sprintf("%v", g.Emergency))
		}
		for i, printed := range ways {
			for _, secret := range []string{"correct horse", "token of the server", "YWFh", "Y2Nj"} {
				if strings.Contains(printed, secret) {
					t.Errorf("%s printed in way %d shows the secret %q", name, i, secret)
				}
			}
		}
	}
}

// The printed configuration is the one in force: loaded from anywhere, it is
// the same.
func TestWhatIsPrintedLoadsAgain(t *testing.T) {
	dir := home(t)
	for name, text := range map[string]string{"ucare.yaml": switchedOn(Example()), "ucare.minimal.yaml": MinimalExample(), "center.yaml": CenterExample()} {
		c, err := load(t, dir, name, text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := load(t, t.TempDir(), name, c.String())
		if err != nil {
			t.Fatalf("%s does not load as printed: %v\n%s", name, err, c)
		}
		if !reflect.DeepEqual(c, again) {
			t.Errorf("%s changes when printed and loaded:\n%s\n%s", name, c, again)
		}
	}
}

func TestTheEnvironmentGoesBeforeTheFile(t *testing.T) {
	dir := home(t)
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("UCARE_DATA", "here/data")
	t.Setenv("UCARE_LISTEN", "127.0.0.1:1")
	t.Setenv("UCARE_LANGUAGE", "en")
	t.Setenv("UCARE_INFLUXDB_URL", "http://localhost:1")
	t.Setenv("UCARE_TOKEN_IN_TESTS", "token of the server")
	c, err := load(t, dir, "ucare.yaml", strings.Replace(Example(), "store: embedded", "store: influxdb\n    influxdb: {org: home, token_env: UCARE_TOKEN_IN_TESTS}", 1))
	if err != nil {
		t.Fatal(err)
	}
	if i := c.(*Gateway).Box.History.Influx; i.URL != "http://localhost:1" || i.Bucket != "ucare" || i.Token.Secret().Reveal() != "token of the server" {
		t.Errorf("the server is %+v", i)
	}
	if box := c.(*Gateway).Box; box.Data != filepath.Join(here, "here/data") || box.Listen != "127.0.0.1:1" || box.Language != "en" {
		t.Errorf("the gateway is %s", box)
	}
	c, err = load(t, dir, "center.yaml", CenterExample())
	if err != nil {
		t.Fatal(err)
	}
	if center := c.(*Center); center.Data != filepath.Join(here, "here/data") || center.Listen != "127.0.0.1:1" || center.Language != "en" {
		t.Errorf("the centre is\n%s", center)
	}

	t.Setenv("UCARE_LANGUAGE", "fr")
	_, err = load(t, dir, "ucare.yaml", Example())
	if want := `UCARE_LANGUAGE in the environment: gateway.language: "fr" is not known: write ko or en`; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestAPasswordFromTheEnvironment(t *testing.T) {
	text := strings.Replace(MinimalExample(), "password_file: secrets/zigbee2mqtt.password", "password_env: ZIGBEE_PASSWORD", 1)
	t.Setenv("ZIGBEE_PASSWORD", "from the environment")
	c, err := load(t, home(t), "ucare.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.(*Gateway).Sensors.Broker.Devices[0].Password.Secret().Reveal(); got != "from the environment" {
		t.Errorf("the password is %q", got)
	}
	t.Setenv("ZIGBEE_PASSWORD", "1234")
	if _, err := load(t, home(t), "ucare.yaml", text); err == nil || strings.Contains(err.Error(), "1234") {
		t.Errorf("a password of four characters: %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, text := range []string{Example(), MinimalExample(), CenterExample(), switchedOn(Example())} {
		f.Add([]byte(text))
	}
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	dir := home(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, name := range []string{"ucare.yaml", "center.yaml"} {
			c, err := load(t, dir, name, string(text))
			if err != nil {
				if err.Error() == "" {
					t.Error("an error without words")
				}
				continue
			}
			c.Warnings()
			again, err := load(t, dir, name, c.String())
			if err != nil {
				t.Fatalf("does not load as printed: %v\n%s", err, c)
			}
			if c.String() != again.String() {
				t.Fatalf("changes when printed and loaded:\n%s\n%s", c, again)
			}
		}
	})
}

// A home that says something about its rules has everything else as all homes have.
func TestTheRulesOfAHomeAreThoseOfAllBesideItsOwn(t *testing.T) {
	text, err := os.ReadFile("testdata/rules-of-a-home.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := load(t, home(t), "ucare.yaml", string(text))
	if err != nil {
		t.Fatal(err)
	}
	g := c.(*Gateway)
	want := g.Rules
	want.Inactivity.After, want.Inactivity.Night = 8*time.Hour, ClockWindow{}
	want.Inactivity.Caution = 8 * time.Hour * 2 / 3 // less than the alarm
	want.Concerns.CheckIn.By, want.Concerns.Climate.Off = ClockTime(10*time.Hour), true
	if own := g.Dwellings[0].Rules; !reflect.DeepEqual(*own, want) {
		t.Errorf("the rules of the home are\n%+v\nwant\n%+v", *own, want)
	}
	if g.Dwellings[1].Rules != nil || g.Rules.Inactivity.After != 14*time.Hour || g.Rules.Concerns.MostADay != 3 {
		t.Errorf("the others are judged by %+v and %+v", g.Dwellings[1].Rules, g.Rules)
	}
	again, err := load(t, home(t), "ucare.yaml", g.String())
	if err != nil || !reflect.DeepEqual(again.(*Gateway).Dwellings[0].Rules, g.Dwellings[0].Rules) {
		t.Errorf("printed and loaded again they are others: %v", err)
	}
}
