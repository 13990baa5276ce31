package sqlite

import (
	"fmt"
	"os"
)

// roomLeft is what others on the disk are left with when a modest file is written anew.
const roomLeft = 64 << 20

// room says what is missing on the disk to write a modest file anew: once into the log, once
// beside itself, and once where it grows. What the disk does not say is not missing.
func (o Options) room(path string) error {
	if !o.Modest || !o.onDisk() {
		return nil
	}
	ask := o.free
	if ask == nil {
		ask = FreeBytes
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	free, err := ask(path)
	if need := 3*info.Size() + roomLeft; err == nil && free < need {
		return fmt.Errorf("the disk has %d bytes free, and this may take %d: free some space", free, need)
	}
	return nil
}
