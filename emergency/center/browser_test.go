package center

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/ucare-project/ucare"
)

// A browser is one tab of a real browser, as wide as a telephone.
type browser struct {
	t         *testing.T
	ctx       context.Context
	mu        sync.Mutex
	complaint []string // scripts that fail, anything the content policy forbids
}

func browse(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	ctx, stopBrowser := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-component-update", true), chromedp.WindowSize(390, 844))...)
	t.Cleanup(stopBrowser)
	ctx, stopTab := chromedp.NewContext(ctx)
	t.Cleanup(stopTab)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, ctx: ctx}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.complaint = append(b.complaint, m.String())
			b.mu.Unlock()
		}
	}()
	return b
}

func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.complaint...)
}

const patience = 30 * time.Second

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// opens signs in with the name and password in the address, as the page's own
// script has to bear.
func (b *browser) opens(s *site, path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(strings.Replace(s.url, "://", "://kim:correct%20horse@", 1)+path), chromedp.WaitVisible(chromedp.CSS("main")))
}

func evaluate[T any](b *browser, script string) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func TestTheListComesUpToDateByItselfAndKeepsTheFocus(t *testing.T) {
	s := openSite(t, testConfig(t))
	quiet := smoke("a1", ucare.Raise, 1)
	quiet.Alarm.Rule, quiet.Alarm.Kind = ucare.Inactivity, ""
	s.sends(quiet)
	b := browse(t)
	const button = chromedp.CSS(`.case.inactivity [data-focus="acknowledge"]`)
	b.opens(s, "/?lang=en")
	b.do(chromedp.WaitVisible(button), chromedp.Focus(button))

	s.sends(smoke("a2", ucare.Raise, 1)) // more urgent: it comes first
	b.do(chromedp.WaitVisible(chromedp.CSS(".case.fire")))
	for script, want := range map[string]string{
		`[...document.querySelectorAll(".case .rule")].map(e => e.textContent).join(", ")`: "Fire: smoke, No sign of life",
		`document.activeElement.closest(".case").dataset.key`:                              "gw-1 a1",
		`document.getElementById("news").textContent`:                                      "New alarm: Fire: smoke, Park Sun-ja, Old kitchen",
		`document.title`: "(2) Alarms – Seongbuk centre",
	} {
		if got := evaluate[string](b, script); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}

	// Acknowledged with the keyboard.
	b.do(chromedp.KeyEvent("\r"), chromedp.WaitNotPresent(button))
	if c := s.list()[1]; c.Alarm.AcknowledgedBy != "Kim Min-ji" {
		t.Errorf("%+v", c.Alarm.Answers)
	}
	// Another operator acknowledges what this one is just about to close.
	b.do(chromedp.WaitReady(chromedp.CSS(`.case.fire [data-focus="close"]`)), chromedp.Focus(chromedp.CSS(`.case.fire [data-focus="close"]`)))
	s.submits("/acknowledge", about("a2"))
	b.do(chromedp.WaitNotPresent(chromedp.CSS(`.case.fire.new`)))
	if got := evaluate[string](b, `document.activeElement.dataset.focus + " " + document.activeElement.closest(".case")?.dataset.key`); got != "close gw-1 a2" {
		t.Errorf("the focus is on %q", got)
	}
	s.submits("/close", closing("a2", Cooking, ""))
	b.do(chromedp.WaitNotPresent(chromedp.CSS(".case.fire")))
	if evaluate[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
		t.Error("on a telephone the page is wider than the screen")
	}
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

func TestThePageTellsWhenItHasLostTheCentre(t *testing.T) {
	s := openSite(t, testConfig(t))
	b := browse(t)
	b.opens(s, "/?lang=en")
	if evaluate[bool](b, `!document.getElementById("lost").hidden`) {
		t.Error("lost at once")
	}
	if err := s.store.file.Close(); err != nil { // the centre lives, its disk does not
		t.Fatal(err)
	}
	b.do(chromedp.WaitVisible(chromedp.CSS(".trouble")))
	s.server.CloseClientConnections()
	s.server.Close()
	b.do(chromedp.WaitVisible(chromedp.CSS("#lost")))
}

// contrast measures every text of the page against what is behind it.
const contrast = `(() => {
  const parse = (c) => c.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) || !e.offsetParent) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(e.outerHTML.slice(0, 80) + " " + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  for (const e of document.querySelectorAll("button, .button, .languages a, .phone a")) {
    const box = e.getBoundingClientRect();
    if (box.width < 24 || box.height < 24) poor.push(e.outerHTML.slice(0, 80) + " is too small to touch");
  }
  return JSON.stringify(poor);
})()`

func TestEveryTextCanBeReadInTheLightAndInTheDark(t *testing.T) {
	s := openSite(t, testConfig(t))
	for n, rule := range []ucare.Rule{ucare.Fire, ucare.Help, ucare.Fall, ucare.Inactivity} {
		for _, drill := range []bool{false, true} {
			r := smoke(string(rule)+map[bool]string{true: "-drill"}[drill], ucare.Raise, n+1)
			r.Alarm.Rule, r.Alarm.Drill, r.Alarm.UnknownAge = rule, drill, drill
			s.sends(r)
		}
	}
	s.sends(smoke("fire", ucare.Restore, 1))
	s.raiseSilences(t.Context(), time.Now().Add(time.Hour))
	b := browse(t)
	for _, scheme := range []string{"light", "dark"} {
		b.do(prefers(scheme))
		for _, path := range []string{"/?lang=ko", "/alarm?lang=en&" + about("fire").Encode()} {
			b.opens(s, path)
			var poor []string
			if err := json.Unmarshal([]byte(evaluate[string](b, contrast)), &poor); err != nil {
				t.Fatal(err)
			}
			for _, p := range poor {
				t.Errorf("%s %s: %s", scheme, path, p)
			}
		}
	}
}

// prefers sets the reader's colour scheme.
func prefers(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}
