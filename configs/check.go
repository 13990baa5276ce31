package configs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A checker goes through what was read and collects what is wrong with it.
type checker struct {
	doc *document
	*problems
	dir string // of the configuration file: relative paths begin here
}

var (
	idForm      = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
	accountForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,32}$`)
)

// seen remembers values that may stand only once, and where they stood first.
type seen map[string]string

// once notes the value of path and complains, with the hint, when it stood
// somewhere else before.
func (c *checker) once(s seen, path, value, hint string) {
	if value == "" {
		return
	}
	if first, twice := s[value]; twice {
		c.add(path, value, "stands at %s already: %s", first, hint)
		return
	}
	s[value] = path
}

// id checks a name by which we know something.
func (c *checker) id(s seen, path, value string) {
	switch {
	case value == "":
		c.add(path, "", "is missing: give it a short name of a-z, 0-9, - and _")
	case !idForm.MatchString(value):
		c.add(path, value, "is not an id (1 to 64 of a-z, 0-9, - and _): write for example %q", idLike(value))
	default:
		c.once(s, path, value, eachItsOwn)
	}
}

const (
	eachItsOwn = "each needs its own"
	takeOneOut = "take one out"
)

// idLike makes an id of what somebody wrote: "Mrs. Kim" → "mrs-kim".
func idLike(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	if id := strings.Trim(b.String()[:min(b.Len(), 64)], "-"); id != "" {
		return id
	}
	return "kitchen-1"
}

// account checks the number under which a centre knows a dwelling or gateway.
func (c *checker) account(s seen, path, value string) {
	switch {
	case value == "":
		c.add(path, "", `is missing: write the number under which the centre knows it, in quotes: "001122"`)
	case !accountForm.MatchString(value):
		c.add(path, value, `is not an account: write 1 to 32 letters and digits in quotes, such as "001122"`)
	default:
		c.once(s, path, value, eachItsOwn)
	}
}

// between checks a length of time that the file may not take out of its range.
func (c *checker) between(path string, d, least, most time.Duration) {
	if d < least || d > most {
		c.add(path, writeDuration(d), "is out of range: write something from %q to %q", writeDuration(least), writeDuration(most))
	}
}

func (c *checker) size(path string, b, least, most ByteSize) {
	if b < least || b > most {
		c.add(path, b.String(), "is out of range: write something from %q to %q", least, most)
	}
}

func (c *checker) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.add(path, value, "is not known: write %s", strings.Join(allowed, " or "))
	}
}

// absolute makes a path absolute; a relative one begins beside the configuration file.
func (c *checker) absolute(path *string) {
	if *path != "" && !filepath.IsAbs(*path) {
		*path = filepath.Join(c.dir, *path)
	}
}

// dataDir makes the data directory absolute. From the environment it is
// relative to where the program was started, as in any other program.
func (c *checker) dataDir(path string, dir *string) {
	if *dir == "" {
		c.add(path, "", `is missing: write the directory where data is kept, such as "/var/lib/ucare"`)
		return
	}
	written := *dir
	if _, fromEnv := c.doc.env[path]; fromEnv {
		if absolute, err := filepath.Abs(*dir); err == nil {
			*dir = absolute
		}
	}
	c.absolute(dir)
	if info, err := os.Stat(*dir); err == nil && !info.IsDir() {
		c.add(path, written, "is not a directory")
	}
}

// certificates checks a file of certificate authorities.
func (c *checker) certificates(key string, path *string) {
	if *path == "" {
		return
	}
	written := *path
	c.absolute(path)
	data, err := readFile(*path, maxFileSize)
	switch {
	case err != nil:
		c.add(key, written, "cannot be read: %v", err)
	case !x509.NewCertPool().AppendCertsFromPEM(data):
		c.add(key, written, "holds no certificate: it must be PEM, beginning with -----BEGIN CERTIFICATE-----")
	}
}

// keyPair checks a certificate and its key: both or none, and that they belong together.
func (c *checker) keyPair(certKey, keyKey string, cert, key *string) {
	switch {
	case *cert == "" && *key == "":
		return
	case *cert == "":
		c.add(certKey, "", "is missing: a key needs its certificate")
		return
	case *key == "":
		c.add(keyKey, "", "is missing: a certificate needs its key")
		return
	}
	writtenCert, writtenKey := *cert, *key
	c.absolute(cert)
	c.absolute(key)
	if info, err := os.Stat(*key); err == nil && info.Mode().Perm()&0o007 != 0 {
		c.add(keyKey, writtenKey, "can be used by everybody on this machine (mode %04o): run chmod 600 %s", info.Mode().Perm(), *key)
		return
	}
	certPEM, err := readFile(*cert, maxFileSize)
	if err != nil {
		c.add(certKey, writtenCert, "cannot be read: %v", err)
		return
	}
	keyPEM, err := readFile(*key, maxFileSize)
	if err != nil {
		c.add(keyKey, writtenKey, "cannot be read: %v", err)
		return
	}
	if _, err := tls.X509KeyPair(certPEM, keyPEM); err != nil {
		c.add(certKey, writtenCert, "and its key do not serve: %v", err)
	}
}

// at is the path of the n-th entry of a list.
func at(list string, n int) string { return fmt.Sprintf("%s[%d]", list, n) }
