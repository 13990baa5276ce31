package acceptance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The devices of the home, as Zigbee2MQTT tells them on bridge/devices: two
// smoke detectors whose names hold a slash and a space.
const bridgeDevices = `[
{"ieee_address":"0x00124b0024c0ff01","type":"EndDevice","friendly_name":"kitchen/smoke","supported":true,"disabled":false,
 "definition":{"model":"HS1SA-E","vendor":"Heiman","description":"Smoke detector","exposes":[
  {"type":"binary","name":"smoke","property":"smoke","access":1,"value_on":true,"value_off":false},
  {"type":"numeric","name":"battery","property":"battery","access":1,"unit":"%"}]}},
{"ieee_address":"0x00124b0024c0ff02","type":"EndDevice","friendly_name":"bedroom smoke","supported":true,"disabled":false,
 "definition":{"model":"HS1SA-E","vendor":"Heiman","description":"Smoke detector","exposes":[
  {"type":"binary","name":"smoke","property":"smoke","access":1,"value_on":true,"value_off":false},
  {"type":"numeric","name":"battery","property":"battery","access":1,"unit":"%"}]}}]`

const smokeOn = `{"battery":97,"linkquality":131,"smoke":true}`

func TestASmokeMessageReachesTheCentreAndAnAcknowledgementStopsTheEscalation(t *testing.T) {
	t.Run("on the embedded broker", func(t *testing.T) {
		place := newChain(t, nil)
		place.walk(t, place.Broker, "-i", Device, "-u", Device, "-P", place.DevicePassword)
	})
	t.Run("through the household's mosquitto", func(t *testing.T) {
		broker := startMosquitto(t)
		place := newChain(t, func(p *Place) { p.Client = broker })
		place.walk(t, broker)
	})
}

// A chain is a gateway, its centre and a second centre that is asked when
// nobody at the first one acknowledges within 15 s, all real.
type chain struct {
	*Place
	backup *WatchedCentre
}

func newChain(t *testing.T, adapt func(*Place)) *chain {
	t.Helper()
	place, err := NewPlace(t.TempDir(), ucareBinary(t))
	if err != nil {
		t.Fatal(err)
	}
	second, err := FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	place.Receivers = fmt.Sprintf("    - id: backup\n      webhook: {url: \"http://%s\", secret_file: centre.secret}\n", second)
	place.Steps = "        - {receivers: [centre], within: 15s}\n        - {receivers: [backup], within: 10s}\n"
	if adapt != nil {
		adapt(place)
	}
	if err := place.Write(); err != nil {
		t.Fatal(err)
	}
	elsewhere := *place
	elsewhere.Centre = second
	backup, err := StartWatchedCentre(t.Context(), &elsewhere, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = backup.Close() })
	for _, start := range []func(context.Context) (*Process, error){place.StartCenter, place.StartGateway} {
		process, err := start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = process.Kill() })
	}
	awaitHearing(t, place)
	return &chain{place, backup}
}

// walk lets two rooms burn. The kitchen's alarm is acknowledged on the page;
// nobody looks at the bedroom's. When the second centre hears of the bedroom, it
// would have heard of the kitchen before, had the escalation not stopped.
func (c *chain) walk(t *testing.T, broker string, account ...string) {
	publish := func(topic, message string, more ...string) {
		t.Helper()
		args := append(append([]string{}, account...), "-t", topic, "-m", message)
		if err := mosquittoPub(t, broker, append(args, more...)...); err != nil {
			t.Fatal(err)
		}
	}
	publish("zigbee2mqtt/bridge/devices", bridgeDevices, "-r")
	operator := openPage(t, c.Place)
	publish("zigbee2mqtt/kitchen/smoke", smokeOn)
	acknowledge(t, operator)
	publish("zigbee2mqtt/bedroom smoke", smokeOn)
	await(t, time.Minute, "the second centre to hear of the bedroom", func() bool {
		_, heard := c.backup.Rooms()["bedroom"]
		return heard
	})
	if _, heard := c.backup.Rooms()["kitchen"]; heard {
		t.Error("the escalation went on after an operator had acknowledged the kitchen's alarm")
	}
}

// openPage opens the centre's page in a real browser, as an operator on duty has it.
func openPage(t *testing.T, p *Place) context.Context {
	t.Helper()
	browser := newBrowser(t)
	page := fmt.Sprintf("http://%s:%s@%s/?lang=en", Operator, p.OperatorPassword, p.Centre)
	if err := chromedp.Do(browser, chromedp.Navigate(page), chromedp.WaitVisible(chromedp.CSS(`h1#open`))); err != nil {
		t.Fatalf("the centre's page does not open: %v", err)
	}
	return browser
}

// acknowledge waits for the alarm to appear on the page by itself, and presses
// the button.
func acknowledge(t *testing.T, browser context.Context) {
	t.Helper()
	alarm := chromedp.CSS(`li.case.fire`)
	if err := chromedp.Do(browser, chromedp.WaitVisible(chromedp.CSS(`li.case.fire.new`))); err != nil {
		t.Fatalf("the alarm does not appear on the centre's page: %v", err)
	}
	listed, err := chromedp.Run(browser, chromedp.Text(alarm))
	if err != nil {
		t.Fatal(err)
	}
	err = chromedp.Do(browser,
		chromedp.Click(chromedp.CSS(`li.case.fire form[action="/acknowledge"] button`)),
		chromedp.WaitVisible(chromedp.CSS(`li.case.fire:not(.new)`)))
	if err != nil {
		t.Fatalf("acknowledge on the centre's page: %v", err)
	}
	after, err := chromedp.Run(browser, chromedp.Text(alarm))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(listed, "itchen") || !strings.Contains(listed, "Haengbok-ro") {
		t.Errorf("the alarm on the page does not say where help has to go: %q", listed)
	}
	if !strings.Contains(after, "Operator Park") {
		t.Errorf("the page does not say who acknowledged: %q", after)
	}
}

// newBrowser is Debian's Chromium without a window.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program(t, "chromium", "chromium")), chromedp.NoSandbox,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true), chromedp.UserDataDir(t.TempDir()))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	bounded, stop := context.WithTimeout(browser, 2*time.Minute)
	t.Cleanup(stop)
	return bounded
}

// await polls until something has happened.
func await(t *testing.T, patience time.Duration, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(patience)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !happened() {
		select {
		case <-deadline:
			t.Fatalf("waited %v in vain for %s", patience, what)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-look.C:
		}
	}
}
