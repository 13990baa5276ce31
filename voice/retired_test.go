package voice

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatIsNoLongerConfiguredIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "told.json")
		former := aHome("former")
		New(Config{Homes: []Home{former, aHome("home")}, TopicsFile: path, Logger: slog.New(slog.DiscardHandler)})

		paper := newPaperBroker()
		paper.away = true
		_, teller := aVoice(paper, path)
		for _, topic := range former.topics() {
			paper.kept[topic] = "something"
		}
		run(t, teller)
		passes(time.Minute)
		if left := leftOver(t, path); !slices.Contains(left, "homeassistant/device/ucare_former/config") {
			t.Errorf("before the broker is back, the list of what it keeps has forgotten the former dwelling: %v", left)
		}
		paper.set(func(b *paperBroker) { b.away = false })
		passes(2 * time.Second)
		for _, topic := range former.topics() {
			if got := paper.keeps(topic); got != "" {
				t.Errorf("the broker still keeps %q on %s", got, topic)
			}
		}
		if left := leftOver(t, path); !slices.Equal(left, aHome("home").topics()) {
			t.Errorf("afterwards the list is %v, want %v", left, aHome("home").topics())
		}
	})
}

func leftOver(t *testing.T, path string) (topics []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &topics)
	}
	if err != nil {
		t.Fatal(err)
	}
	return topics
}
