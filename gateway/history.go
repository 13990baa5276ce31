package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/influx"
)

// historyFile is the history's name in the data directory.
const historyFile = "history.db"

// pseudonymKeyFile holds the key that makes pseudonyms of dwellings and sensors. Without
// it nobody can say whose an InfluxDB's readings are.
const pseudonymKeyFile = "pseudonyms.key"

// HistoryOptions are those of the configuration's history. With its InfluxDB, if one is
// in use; AlsoUnused: if one is configured.
func HistoryOptions(c *configs.Gateway, alsoUnused bool) (history.Options, error) {
	h := c.Box.History
	o := history.Options{
		Path: filepath.Join(c.Box.Data, historyFile), Location: c.Box.TimeZone.Location,
		KeepReadings: h.Keep, KeepHours: h.KeepHours,
	}
	if h.Influx == nil || h.Store != configs.InfluxDB && !alsoUnused {
		return o, nil
	}
	key, err := pseudonymKey(c.Box.Data)
	if err != nil {
		return o, err
	}
	o.Influx = influxOf(h, key)
	return o, nil
}

// influxOf is the server of a history that names one.
func influxOf(h configs.History, key []byte) *influx.Config {
	return &influx.Config{
		URL: h.Influx.URL, Token: h.Influx.Token.Secret().Reveal(), Org: h.Influx.Org,
		Bucket: h.Influx.Bucket, Hours: h.Influx.HoursBucket,
		KeepReadings: h.Keep, KeepHours: h.KeepHours, CAFile: h.Influx.CAFile, Key: key,
	}
}

// AskInflux asks whether the InfluxDB that the configuration uses answers. It changes
// nothing there, and nothing in the data directory. A configuration without one has no error.
func AskInflux(ctx context.Context, c *configs.Gateway) error {
	h := c.Box.History
	if h.Influx == nil || h.Store != configs.InfluxDB {
		return nil
	}
	server, err := influx.New(*influxOf(h, make([]byte, keySize)), nil) // no name goes there
	if err != nil {
		return err
	}
	defer server.Close()
	return server.Answers(ctx)
}

// keySize is that of the key of the pseudonyms, in bytes.
const keySize = 32

// pseudonymKey reads the key of the pseudonyms, and makes it where there is none.
func pseudonymKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, pseudonymKeyFile)
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == keySize:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("the key of the pseudonyms is damaged (%s has %d bytes, not %d): bring it back from a backup; with a new one the InfluxDB's readings of before belong to nobody", path, len(key), keySize)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read the key of the pseudonyms: %w", err)
	}
	key = make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	if err = writeWhole(path, key); err == nil {
		err = syncFolder(dir) // before anything is sent under a pseudonym that nobody could undo
	}
	if err != nil {
		return nil, fmt.Errorf("make the key of the pseudonyms: %w", err)
	}
	return key, nil
}

// syncFolder makes a renaming in a folder survive a power cut.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// writeWhole writes a file that is there as a whole or not at all.
func writeWhole(path string, content []byte) error {
	if err := writeSynced(path+".new", content); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// writeSynced writes a file that only its owner can read, and that survives a power cut.
func writeSynced(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(content); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
