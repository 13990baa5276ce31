package caregiver

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"

	"github.com/ucare-project/ucare"
)

// A key is how a person signs in. Hashes have one length, so comparing them
// tells nothing about how long or how nearly right a guess was.
type key struct {
	id, password [sha256.Size]byte
	person       Person
}

func keysOf(people []Person) []key {
	var keys []key
	for _, p := range people {
		k := key{id: sha256.Sum256([]byte(p.ID)), password: sha256.Sum256([]byte(p.Password)), person: p}
		k.person.Password = ""
		keys = append(keys, k)
	}
	return keys
}

// signIn finds the person of a request. It compares with everybody, whether
// or not somebody fits already, so that its time tells nothing.
func (s *site) signIn(r *http.Request) (Person, bool) {
	id, password, ok := r.BasicAuth()
	if !ok {
		return Person{}, false
	}
	gotID, gotPassword := sha256.Sum256([]byte(id)), sha256.Sum256([]byte(password))
	found := -1
	for i, k := range s.keys {
		fits := subtle.ConstantTimeCompare(gotID[:], k.id[:]) & subtle.ConstantTimeCompare(gotPassword[:], k.password[:])
		found = subtle.ConstantTimeSelect(fits, i, found)
	}
	if found < 0 {
		s.Logger.Warn("sign-in to the caregiver's page was refused", "remote", r.RemoteAddr)
		return Person{}, false
	}
	return s.keys[found].person, true
}

// A scope is the right of one person to look at one dwelling. What is known of
// a dwelling is reached through a scope only, and only authorize makes one.
type scope struct {
	person   Person
	dwelling ucare.Dwelling
}

// authorize gives the person's right to look at a dwelling. A dwelling that is
// not theirs is as unknown as one that does not exist.
func (s *site) authorize(p Person, dwelling string) (scope, bool) {
	for _, sc := range s.scopes(p) {
		if sc.dwelling.ID == dwelling {
			return sc, true
		}
	}
	return scope{}, false
}

// scopes are all that a person may look at.
func (s *site) scopes(p Person) []scope {
	var all []scope
	for _, d := range s.Watch.Dwellings() {
		if slices.Contains(p.Dwellings, d.ID) {
			all = append(all, scope{p, d})
		}
	}
	return all
}
