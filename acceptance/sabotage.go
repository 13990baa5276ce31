package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Sabotage writes, into dir, a build overlay in which one piece of a source
// file of the module is replaced by another: a program that is broken on
// purpose, to prove that a test would notice. The piece must be there once. More are
// further pieces of the file, each with what stands instead.
func Sabotage(dir, file, piece, instead string, more ...string) (overlay string, err error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	original := filepath.Join(root, filepath.FromSlash(file))
	source, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	changed := string(source)
	for pair := range slices.Chunk(append([]string{piece, instead}, more...), 2) {
		if n := strings.Count(changed, pair[0]); n != 1 {
			return "", fmt.Errorf("%s has %q %d times: the sabotage must follow the code it breaks", file, pair[0], n)
		}
		changed = strings.Replace(changed, pair[0], pair[1], 1)
	}
	broken := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(broken, []byte(changed), 0o600); err != nil {
		return "", err
	}
	content, err := json.Marshal(map[string]map[string]string{"Replace": {original: broken}})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, content, 0o600)
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
