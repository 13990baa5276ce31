package voice

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/ucare-project/ucare/language"
)

// The keys are those of Home Assistant's device discovery. Nothing in what is
// kept tells who lives there.
func TestTheAnnouncementToHomeAssistant(t *testing.T) {
	names := map[string]string{}
	for _, tag := range []string{"en", "ko"} {
		spoken, _ := language.Parse(tag)
		home := aHome("home")
		home.Language = spoken
		var doc struct {
			Dev map[string]any            `json:"dev"`
			O   map[string]any            `json:"o"`
			Av  []map[string]string       `json:"availability"`
			All string                    `json:"availability_mode"`
			C   map[string]map[string]any `json:"cmps"`
		}
		if err := json.Unmarshal([]byte(home.discovery(StatusTopic("home"), "ucare/gw/gateway/connection")), &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Dev["ids"] == nil || doc.O["name"] == nil || doc.All != "all" || len(doc.Av) != 2 ||
			doc.Av[0]["topic"] != "ucare/home/gateway/status" || doc.Av[1]["topic"] != "ucare/gw/gateway/connection" {
			t.Errorf("the announcement says %+v", doc)
		}
		ids := map[any]bool{}
		for name, e := range doc.C {
			ids[e["unique_id"]] = true
			names[tag+name] = e["name"].(string)
			for _, key := range []string{"state_topic", "json_attributes_topic"} {
				if topic, has := e[key].(string); has && !slices.Contains(home.topics(), topic) {
					t.Errorf("%s looks on %s, where nothing is told", name, topic)
				}
			}
		}
		for name, platform := range map[string]string{
			"alarm": "binary_sensor", "prealarm": "binary_sensor", "problem": "binary_sensor", "faults": "sensor",
			"last_sign": "sensor", "concerns": "sensor", "away": "switch", "cancel": "button", "checkin": "button", "test": "button",
		} {
			if doc.C[name]["p"] != platform {
				t.Errorf("%s is a %v, want a %s", name, doc.C[name]["p"], platform)
			}
		}
		if len(ids) != 10 || len(doc.C) != 10 {
			t.Errorf("%d entities have %d different ids, want 10", len(doc.C), len(ids))
		}
	}
	for name, en := range names {
		if ko := names["ko"+strings.TrimPrefix(name, "en")]; strings.HasPrefix(name, "en") && (ko == en || ko == "") {
			t.Errorf("%s is called %q in both languages", name, en)
		}
	}
}
