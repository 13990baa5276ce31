package gateway

import (
	"encoding/json"
	"time"
)

const followerVersion = "gateway/2"

type followerState struct {
	Version    string          `json:"version"`
	Journal    string          `json:"journal"` // its identity
	Decoder    json.RawMessage `json:"decoder"`
	ClockSetAt time.Time       `json:"clock_set_at,omitzero"`
}

// subscriptionsFile lists what a broker may keep for our session.
const subscriptionsFile = "subscriptions.json"
