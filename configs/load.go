package configs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

const (
	tagName     = "yaml" // one tag serves viper, the check of the keys and the printing
	delimiter   = "::"   // not ".", or a key "a.b" would be read as a section
	maxFileSize = 4 << 20
)

// Load reads ucare.yaml. The error tells everything that is wrong with it,
// each a *Problem.
func Load(path string) (*Gateway, error) {
	g := defaultGateway()
	c, err := read(path, g, map[string]string{
		"gateway.data": "UCARE_DATA", "gateway.listen": "UCARE_LISTEN", "gateway.language": "UCARE_LANGUAGE",
		historyKey + ".influxdb.url": "UCARE_INFLUXDB_URL",
	}, func(d *document) {
		if d.has(historyKey+".influxdb") || d.env[historyKey+".influxdb.url"] != "" {
			g.Box.History.Influx = &Influx{Bucket: "ucare", HoursBucket: "ucare_hours"}
		}
		if d.has("sensors.broker") {
			g.Sensors.Broker = &Broker{Listen: ":1883", MaxMessage: defaultMessage}
		}
	})
	if err != nil {
		return nil, err
	}
	c.gateway(g)
	if err := c.problems.join(); err != nil {
		return nil, err
	}
	return g, nil
}

// LoadCenter reads center.yaml in the same way.
func LoadCenter(path string) (*Center, error) {
	center := defaultCenter()
	c, err := read(path, center, map[string]string{
		"data": "UCARE_DATA", "listen": "UCARE_LISTEN", "language": "UCARE_LANGUAGE",
	}, func(*document) {})
	if err != nil {
		return nil, err
	}
	c.center(center)
	if err := c.problems.join(); err != nil {
		return nil, err
	}
	return center, nil
}

// read fills target, which holds the defaults, from the file and the
// environment. env names the variables that go before the file, by key path;
// prepare sets the defaults of sections that the file has. The error is for a
// file that cannot be read at all; everything else is left in the checker.
func read(path string, target any, env map[string]string, prepare func(*document)) (*checker, error) {
	data, err := readFile(path, maxFileSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the configuration: %w; if yours is elsewhere, name it with --config <file>", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the directory of %s: %w", path, err)
	}
	doc, found := parse(path, data, target)
	c := &checker{doc: doc, problems: found, dir: dir}
	for key, variable := range env {
		if os.Getenv(variable) != "" {
			doc.env[key] = variable
		}
	}
	prepare(doc)
	err = decode(data, target, env)
	if err != nil && len(found.list) == 0 {
		found.add("", "", "cannot be read: %s", err)
	}
	_, unread := errors.AsType[viper.ConfigParseError](err)
	if unread || found.ofTheWhole() {
		return nil, found.join() // to check what was not filled in would only call everything missing
	}
	return c, nil
}

// decode lets viper read the YAML and the environment into target. Unknown
// keys and values of another type are errors.
func decode(data []byte, target any, env map[string]string) error {
	v := viper.NewWithOptions(viper.KeyDelimiter(delimiter))
	v.SetConfigType("yaml")
	for key, variable := range env {
		if err := v.BindEnv(strings.ReplaceAll(key, ".", delimiter), variable); err != nil {
			return fmt.Errorf("bind %s to %s: %w", key, variable, err)
		}
	}
	if err := v.ReadConfig(bytes.NewReader(data)); err != nil {
		return err
	}
	return v.UnmarshalExact(target, func(c *mapstructure.DecoderConfig) {
		c.TagName = tagName
		c.SquashTagOption = "inline"
		c.WeaklyTypedInput = false
		c.DecodeHook = mapstructure.ComposeDecodeHookFunc(durationFromText, valuesFromScalars, mapstructure.TextUnmarshallerHookFunc())
	})
}

// durationFromText replaces viper's own hook, which takes a bare 10 for 10 ns.
func durationFromText(_, to reflect.Type, value any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() {
		return value, nil
	}
	text, ok := value.(string)
	if !ok {
		return nil, fmt.Errorf("%v has no unit", value)
	}
	return parseDuration(text)
}

// readFile reads a regular file that is not larger than max: a device or a
// pipe named by mistake would never end.
func readFile(path string, max int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > max:
		return nil, fmt.Errorf("%s is larger than %s", path, ByteSize(max))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, max))
}
