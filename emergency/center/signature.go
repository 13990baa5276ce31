package center

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// errNotVerified says as little as possible: who guesses must not learn
// whether the gateway or the signature was wrong.
var errNotVerified = errors.New("the signature does not verify: check the gateway's id and signing secret, and that the body is sent unchanged")

// A keyring verifies who sent a request.
type keyring struct {
	keys      map[string][]*webhooks.Webhook
	nobody    []*webhooks.Webhook // verified against when the gateway is unknown, so that both refusals take as long
	tolerance time.Duration
}

func newKeyring(gateways []Gateway, tolerance time.Duration) (*keyring, error) {
	k := &keyring{keys: make(map[string][]*webhooks.Webhook), tolerance: tolerance}
	for _, g := range gateways {
		for _, secret := range g.Secrets {
			key, err := signingKey(secret)
			if err != nil {
				return nil, fmt.Errorf("gateway %q: secret: %w", g.ID, err)
			}
			hook, err := webhooks.NewWebhookRaw(key)
			if err != nil {
				return nil, fmt.Errorf("gateway %q: secret: %w", g.ID, err)
			}
			k.keys[g.ID] = append(k.keys[g.ID], hook)
		}
	}
	nobody, err := webhooks.NewWebhookRaw(make([]byte, 32))
	if err != nil {
		return nil, fmt.Errorf("prepare signatures: %w", err)
	}
	k.nobody = []*webhooks.Webhook{nobody}
	return k, nil
}

func (k *keyring) has(gateway string) bool { return len(k.keys[gateway]) > 0 }

// verify checks that the body was signed by one of the gateway's secrets. It
// returns by how much the sender's clock is ahead, where that is more than the
// tolerance.
//
// A wrong clock is no reason to refuse. Boards without a battery start in the
// past, and a fire does not wait for the time server. The time stamp protects
// against replay, which gains nothing here: reports are kept by their id for
// good, so one that is sent again changes nothing, and a heartbeat that is sent
// again later shows up as a gateway whose clock differs.
func (k *keyring) verify(gateway string, header http.Header, body []byte, now time.Time) (clockAhead time.Duration, err error) {
	hooks, known := k.keys[gateway]
	if !known {
		hooks = k.nobody
	}
	verified := false
	for _, hook := range hooks {
		if hook.VerifyIgnoringTimestamp(body, header) == nil {
			verified = true // go on: the time taken must not tell which secret it was
		}
	}
	if !known || !verified {
		return 0, errNotVerified
	}
	stamp, err := strconv.ParseInt(header.Get(webhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil {
		return 0, errNotVerified // cannot be: it was part of what was signed
	}
	clockAhead = time.Unix(stamp, 0).Sub(now)
	if clockAhead.Abs() <= k.tolerance {
		return 0, nil
	}
	return clockAhead, nil
}
