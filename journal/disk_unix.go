//go:build unix

package journal

import (
	"errors"
	"os"
	"path/filepath"
)

// syncFolder makes creations and removals beside path survive a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
