package gateway

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/history/influx"
	"github.com/ucare-project/ucare/language"
)

// This file makes the record of an erasure: for the resident, the family, and whoever
// has to answer for it. It names nobody but who erased; the dwelling is a pseudonym.

const (
	erasuresDir    = "erasures"
	erasureKeyFile = "erasure.key" // the seed of an ed25519 key
	recordFormat   = "ucare-erasure/1"
)

// A Place is somewhere that something of a dwelling is kept, and how much.
type Place struct {
	Name    string
	Count   int64
	Unknown bool // it could not be asked
}

// A Record says what was erased, and what was not.
type Record struct {
	Format   string    `json:"format"`
	Gateway  string    `json:"gateway"` // its id
	Version  string    `json:"version"`
	Dwelling string    `json:"dwelling"` // its pseudonym
	By       string    `json:"by"`
	Begun    time.Time `json:"begun"`
	Ended    time.Time `json:"ended"`
	// Complete: nothing is left in any of the places.
	Complete bool          `json:"complete"`
	Places   []RecordPlace `json:"places"`
	// Elsewhere is what the gateway cannot erase, by the names of the texts.
	Elsewhere []string `json:"elsewhere"`
	// Texts is all of it for people to read, by language.
	Texts map[string]string `json:"texts"`
}

// A RecordPlace is what was in a place before and after; null where it could not be
// counted.
type RecordPlace struct {
	Name   string `json:"name"`
	Before *int64 `json:"before"`
	After  *int64 `json:"after"`
}

// SignedRecord is the file of a record.
type SignedRecord struct {
	Record    json.RawMessage `json:"record"`
	PublicKey string          `json:"public_key"` // base64 of an ed25519 key
	Signature string          `json:"signature"`  // base64, of the record without white space
}

// merged puts together what was counted before and after.
func merged(before, after []Place) []RecordPlace {
	var out []RecordPlace
	for _, a := range after {
		place := RecordPlace{Name: a.Name, After: a.known()}
		for _, b := range before {
			if b.Name == a.Name {
				place.Before = b.known()
			}
		}
		out = append(out, place)
	}
	return out
}

func (p Place) known() *int64 {
	if p.Unknown {
		return nil
	}
	return &p.Count
}

// elsewhere is what no erasure of ours reaches.
func elsewhere(c *configs.Gateway) []string {
	all := []string{"backups", "centre", "log", "config"}
	if c.Sensors.Client != nil {
		all = append(all, "broker")
	}
	if c.Box.History.Influx != nil {
		all = append(all, "influxdb")
	}
	return append(all, "flash")
}

// textOf is the record for people.
func (r Record) textOf(l language.Language, location *time.Location) string {
	var out strings.Builder
	line := func(text string) { out.WriteString(text + "\n") }
	line(l.Text("erasure.title"))
	line("")
	line(l.Text("erasure.gateway", "id", r.Gateway, "version", r.Version))
	line(l.Text("erasure.dwelling", "pseudonym", r.Dwelling))
	line(l.Text("erasure.by", "name", r.By))
	line(l.Text("erasure.begun", "at", r.Begun.In(location).Format(recordTime)))
	line(l.Text("erasure.ended", "at", r.Ended.In(location).Format(recordTime)))
	line("")
	result := "erasure.complete"
	if !r.Complete {
		result = "erasure.incomplete"
	}
	line(l.Text(result))
	line("")
	for _, p := range r.Places {
		line(l.Text("erasure.counted", "place", l.Text("erasure.place."+p.Name), "before", number(l, p.Before), "after", number(l, p.After)))
	}
	line("")
	line(l.Text("erasure.elsewhere"))
	for _, what := range r.Elsewhere {
		line("")
		line("- " + l.Text("erasure.elsewhere_"+what))
	}
	return out.String()
}

const recordTime = "2006-01-02 15:04:05 -07:00"

func number(l language.Language, n *int64) string {
	if n == nil {
		return l.Text("erasure.uncounted")
	}
	return fmt.Sprint(*n)
}

// pseudonym is the name of a dwelling where people must not read it: the same as in
// the InfluxDB, also where there is none.
func pseudonym(key []byte, dwelling string) string { return influx.Config{Key: key}.Dwelling(dwelling) }

// sign signs a record with the gateway's key.
func (r Record) sign(key ed25519.PrivateKey) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	public, _ := key.Public().(ed25519.PublicKey)
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(SignedRecord{
		Record: text, PublicKey: base64.StdEncoding.EncodeToString(public),
		Signature: base64.StdEncoding.EncodeToString(ed25519.Sign(key, text)),
	})
	return out.Bytes(), err
}

// ErrNotSigned says that a record is not as it was signed.
var ErrNotSigned = errors.New("the record is not as it was signed: something in it was changed")

// VerifyRecord checks the signature of a record and returns it. The key is in the
// record: whether it is the gateway's, compare it with [RecordKey] or what was written
// down of it.
func VerifyRecord(file []byte) (r Record, key string, err error) {
	var signed SignedRecord
	if err := json.Unmarshal(file, &signed); err != nil {
		return r, "", fmt.Errorf("this is no record of an erasure: %w", err)
	}
	public, err := base64.StdEncoding.DecodeString(signed.PublicKey)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return r, "", fmt.Errorf("this is no record of an erasure: its public_key is %q", signed.PublicKey)
	}
	signature, err := base64.StdEncoding.DecodeString(signed.Signature)
	if err != nil {
		return r, "", ErrNotSigned
	}
	var text bytes.Buffer
	if err := json.Compact(&text, signed.Record); err != nil {
		return r, "", fmt.Errorf("this is no record of an erasure: %w", err)
	}
	if !ed25519.Verify(public, text.Bytes(), signature) {
		return r, "", ErrNotSigned
	}
	if err := json.Unmarshal(text.Bytes(), &r); err != nil || r.Format != recordFormat {
		return r, "", fmt.Errorf("the record has the format %q, this program reads %q", r.Format, recordFormat)
	}
	return r, signed.PublicKey, nil
}

// RecordKey is the public half of the key with which a gateway signs its records; ""
// when it has none yet.
func RecordKey(c *configs.Gateway) (string, error) {
	key, err := readSeed(filepath.Join(c.Box.Data, erasureKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	public, _ := key.Public().(ed25519.PublicKey)
	return base64.StdEncoding.EncodeToString(public), nil
}

// recordKey is the gateway's key, made at its first use.
func recordKey(dir string) (ed25519.PrivateKey, error) {
	path := filepath.Join(dir, erasureKeyFile)
	key, err := readSeed(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	if err := writeWhole(path, []byte(base64.StdEncoding.EncodeToString(seed)+"\n")); err != nil {
		return nil, fmt.Errorf("make the key that signs records: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

func readSeed(path string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the key that signs records: %w", err)
	}
	seed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the key that signs records is damaged (%s): remove the file, and a new one is made", path)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}
