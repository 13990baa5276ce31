package configs

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A Password is read from a file or from an environment variable, never from
// the configuration itself.
type Password struct {
	File string `yaml:"password_file,omitempty"`
	Env  string `yaml:"password_env,omitempty"`

	secret Secret
}

// Secret is the password.
func (p Password) Secret() Secret { return p.secret }

// A Token lets us into an InfluxDB: that of version 2, or "user:password" of 1.8. A
// server that asks for none needs none.
type Token struct {
	File string `yaml:"token_file,omitempty"`
	Env  string `yaml:"token_env,omitempty"`

	secret Secret
}

// Secret is the token; empty when there is none.
func (t Token) Secret() Secret { return t.secret }

// A SigningSecret is what a gateway and a centre sign their messages with. The
// first one signs; while a secret is replaced, the others are still accepted.
type SigningSecret struct {
	File  string   `yaml:"secret_file,omitempty"`
	Files []string `yaml:"secret_files,omitempty"` // the newest first
	Env   string   `yaml:"secret_env,omitempty"`

	secrets []Secret
}

// Secrets are the secrets in the form whsec_<base64>, the newest first; there
// is at least one.
func (s SigningSecret) Secrets() []Secret { return s.secrets }

// A Secret prints as "(secret)" or as an address wherever it is printed; only
// Reveal gives it away. The text is behind a pointer because package fmt
// prints unexported fields without asking their methods.
type Secret struct{ text *string }

// Reveal is the secret itself.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String hides the secret.
func (Secret) String() string { return "(secret)" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "(secret)" }

// MarshalText hides the secret from JSON, YAML and logs.
func (Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }

const (
	credentials   = "/run/credentials" // where systemd puts what LoadCredential names
	minPassword   = 8
	maxSecretFile = 16 << 10
)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// password reads the password that stands at path.
func (c *checker) password(path string, p *Password) {
	fileKey, envKey := path+".password_file", path+".password_env"
	switch {
	case p.File != "" && p.Env != "":
		c.add(fileKey, p.File, "and password_env cannot both hold: leave one")
		return
	case p.File != "":
		p.secret = c.secretFile(fileKey, &p.File, makePassword)
	case p.Env != "":
		p.secret = c.secretEnv(envKey, p.Env)
		fileKey = envKey
	default:
		c.add(fileKey, "", "is missing: write the password into a file of its own (chmod 600) and name it here, or give password_env")
		return
	}
	if n := len(p.secret.Reveal()); n > 0 && n < minPassword {
		c.add(fileKey, "", "holds a password of %d characters: take at least %d", n, minPassword)
	}
}

// token reads the token that stands at path, and reports whether there should be one.
func (c *checker) token(path string, t *Token) (given bool) {
	fileKey, envKey := path+".token_file", path+".token_env"
	switch {
	case t.File != "" && t.Env != "":
		c.add(fileKey, t.File, "and token_env cannot both hold: leave one")
	case t.File != "":
		t.secret = c.secretFile(fileKey, &t.File, copyToken)
	case t.Env != "":
		t.secret = c.secretEnv(envKey, t.Env)
	default:
		return false
	}
	return true
}

// copyToken is how a token is written to the file at path.
func copyToken(path string) string {
	return fmt.Sprintf(`make a token on the server that may read and write the buckets (influx auth create), and put it there with: (umask 077; mkdir -p %s; cat > %s)`,
		quoted(filepath.Dir(path)), quoted(path))
}

// signing reads the signing secrets that stand at path.
func (c *checker) signing(path string, s *SigningSecret) {
	given := 0
	for _, set := range []bool{s.File != "", len(s.Files) > 0, s.Env != ""} {
		if set {
			given++
		}
	}
	fileKey := path + ".secret_file"
	switch {
	case given > 1:
		c.add(path, "", "has more than one of secret_file, secret_files and secret_env: leave one")
		return
	case s.File != "":
		s.secrets = []Secret{c.signingFile(fileKey, &s.File)}
	case len(s.Files) > 0:
		for i := range s.Files {
			key := fmt.Sprintf("%s.secret_files[%d]", path, i)
			s.secrets = append(s.secrets, c.signingFile(key, &s.Files[i]))
		}
	case s.Env != "":
		key := path + ".secret_env"
		s.secrets = []Secret{c.signingSecret(key, c.secretEnv(key, s.Env))}
	default:
		c.add(fileKey, "", "is missing: %s", makeSecret(exampleSecret))
	}
}

// exampleSecret is where a secret could be. A file that exists and holds
// something else is never named in a recipe: it would be overwritten.
const exampleSecret = "secrets/centre.secret"

// makeSecret is how a signing secret is written to the file at path.
func makeSecret(path string) string {
	return fmt.Sprintf(`make one with: (umask 077; mkdir -p %s; printf 'whsec_%%s\n' "$(head -c 32 /dev/urandom | base64)" > %s), and give the same file to the other end; if that has one already, copy it`,
		quoted(filepath.Dir(path)), quoted(path))
}

// makePassword is how a password is written to the file at path.
func makePassword(path string) string {
	return fmt.Sprintf(`make one with: (umask 077; mkdir -p %s; head -c 18 /dev/urandom | base64 > %s)`,
		quoted(filepath.Dir(path)), quoted(path))
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._-]+$`)

// quoted writes a path as a shell takes it.
func quoted(path string) string {
	if plainPath.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func (c *checker) signingFile(key string, path *string) Secret {
	return c.signingSecret(key, c.secretFile(key, path, makeSecret))
}

// signingSecret checks the form of Standard Webhooks: 24 to 64 random bytes.
func (c *checker) signingSecret(key string, s Secret) Secret {
	if s.text == nil {
		return s // told already
	}
	encoded, found := strings.CutPrefix(s.Reveal(), "whsec_")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil || len(raw) < 24 || len(raw) > 64 {
		c.add(key, "", "does not hold a signing secret (whsec_ and 24 to 64 bytes in base64): %s", makeSecret(exampleSecret))
	}
	return s
}

// secretFile reads a secret from a file that nobody but its owner and group
// can read, and makes its path absolute. recipe says how such a file is made.
func (c *checker) secretFile(key string, path *string, recipe func(path string) string) Secret {
	written := *path
	c.absolute(path)
	info, err := os.Stat(*path)
	switch {
	case err != nil && within(*path, credentials):
		c.add(key, written, "exists only inside the systemd unit that loads it (LoadCredential): outside it check cannot read it; what the unit says is in journalctl")
		return Secret{}
	case errors.Is(err, fs.ErrNotExist):
		c.add(key, written, "does not exist (looked for %s): %s", *path, recipe(*path))
		return Secret{}
	}
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o007 != 0 {
		c.add(key, written, "can be used by everybody on this machine (mode %04o): run chmod 600 %s", info.Mode().Perm(), *path)
		return Secret{}
	}
	data, err := readFile(*path, maxSecretFile)
	if err != nil {
		c.add(key, written, "cannot be read: %v", err)
		return Secret{}
	}
	return c.secretText(key, written, data)
}

func (c *checker) secretEnv(key, variable string) Secret {
	if !variableName.MatchString(variable) {
		c.add(key, "", "is not the name of an environment variable: write for example UCARE_BROKER_PASSWORD")
		return Secret{}
	}
	value, ok := os.LookupEnv(variable)
	if !ok {
		c.add(key, variable, "is not set in the environment")
		return Secret{}
	}
	return c.secretText(key, variable, []byte(value))
}

// secretText takes the newline away that editors and echo leave at the end.
func (c *checker) secretText(key, from string, data []byte) Secret {
	data = bytes.TrimRight(data, "\r\n")
	switch {
	case len(data) == 0:
		c.add(key, from, "is empty")
		return Secret{}
	case bytes.ContainsAny(data, "\r\n\x00"):
		c.add(key, from, "holds more than one line: the secret is one line")
		return Secret{}
	}
	return Secret{new(string(data))}
}
