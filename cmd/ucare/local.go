package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ucare-project/ucare/gateway"
)

// defaultLocal is where a gateway's own listener is unless the configuration
// says otherwise.
const defaultLocal = "127.0.0.1:9464"

// ask sends a request to a gateway on this machine and reads its JSON answer.
func ask(ctx context.Context, method, address, path string, answer any) error {
	status, body, err := request(ctx, method, address, path)
	if err != nil {
		return err
	}
	if status >= 300 {
		return fmt.Errorf("the gateway on %s says %d %s: %s", address, status, http.StatusText(status), strings.TrimSpace(string(body)))
	}
	return understand(address, body, answer)
}

// askHealth asks how the gateway is. One whose watch does not go on says so with
// a status that is no success.
func askHealth(ctx context.Context, address string) (h gateway.Health, err error) {
	status, body, err := request(ctx, http.MethodGet, address, "/healthz")
	switch {
	case err != nil:
		return h, err
	case status != http.StatusOK && status != http.StatusServiceUnavailable:
		return h, fmt.Errorf("the gateway on %s says %d %s: %s", address, status, http.StatusText(status), strings.TrimSpace(string(body)))
	}
	return h, understand(address, body, &h)
}

func request(ctx context.Context, method, address, path string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+address+path, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("no gateway answers on %s; is `ucare gateway` running, and is gateway.listen that address? (%w)", address, err)
	}
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return 0, nil, fmt.Errorf("read the gateway's answer: %w", err)
	}
	return response.StatusCode, body, nil
}

func understand(address string, body []byte, answer any) error {
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s does not answer like a gateway: %w", address, err)
	}
	return nil
}
