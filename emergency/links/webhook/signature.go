package webhook

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	secretPrefix                  = "whsec_"
	shortestSecret, longestSecret = 24, 64 // bytes, as Standard Webhooks says
)

// signers sign with one secret each.
type signers []*webhooks.Webhook

func newSigners(secrets []string) (signers, error) {
	if len(secrets) == 0 {
		return nil, errors.New("secret: there is none; the centre accepts only what is signed")
	}
	var all signers
	var errs []error
	for i, secret := range secrets {
		key, err := key(secret)
		if err != nil {
			errs = append(errs, fmt.Errorf("secret %d: %w", i+1, err))
			continue
		}
		signer, err := webhooks.NewWebhookRaw(key)
		if err != nil {
			errs = append(errs, fmt.Errorf("secret %d: it cannot be used", i+1))
			continue
		}
		all = append(all, signer)
	}
	return all, errors.Join(errs...)
}

// key decodes a secret. The error says nothing of what is in it.
func key(secret string) ([]byte, error) {
	encoded, found := strings.CutPrefix(strings.TrimSpace(secret), secretPrefix)
	if !found {
		return nil, fmt.Errorf("it does not begin with %s", secretPrefix)
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("what follows %s is not base64", secretPrefix)
	}
	if len(key) < shortestSecret || len(key) > longestSecret {
		return nil, fmt.Errorf("it has %d bytes: use %d to %d", len(key), shortestSecret, longestSecret)
	}
	return key, nil
}

// sign sets the three headers for one attempt.
func (s signers) sign(header http.Header, id string, at time.Time, body []byte) error {
	var signatures []string
	for _, signer := range s {
		signature, err := signer.Sign(id, at, body)
		if err != nil {
			return fmt.Errorf("sign %s: %w", id, err)
		}
		signatures = append(signatures, signature)
	}
	header.Set(webhooks.HeaderWebhookID, id)
	header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(webhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	return nil
}
