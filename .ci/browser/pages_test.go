package browser

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/status"
)

// nasty are names that an attacker may bring into a page.
var nasty = []string{
	"<script>window.pwned=1</script>", `"><img src=x onerror="window.pwned=1">`, "a\r\nBcc: x@y", strings.Repeat("w", 10_000),
	"\xff\xfe", "\u202egnp.exe", "{{.}} ${pwned=1}", "", "anna@example.com",
}

func TestMails(t *testing.T) {
	browser := start(t)
	dir := t.TempDir()
	for _, phase := range []notify.Phase{notify.Firing, notify.Resolved, notify.Digest, notify.Test} {
		a := notify.Sample(notify.Throttled, phase)
		if phase == notify.Digest {
			a.Users = nil
			for i, n := range nasty[:5] {
				a.Users = append(a.Users, notify.Tally{Name: n, Count: 40 - i})
				a.Operations = append(a.Operations[:min(3, i)], notify.Tally{Name: n, Count: 40 - i})
				a.Tenant, a.Host = n, n
			}
		}
		name := fmt.Sprintf("mail-%s", phase)
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, []byte(a.HTML()), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int64{320, 700} {
			b := open(t, browser, "file://"+file, width, 900)
			b.check("file://" + file)
			b.picture(fmt.Sprintf("%s-%d", name, width))
			send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
			b.picture(fmt.Sprintf("%s-%d-dark", name, width))
			const right = `[...document.querySelectorAll("td[bgcolor][height]")].filter(e => Math.abs(e.getBoundingClientRect().height - e.getAttribute("height")) < 1).length`
			if bars := eval[int](b, right); phase == notify.Firing && bars < 100 {
				t.Errorf("%s: %d bars of the charts are as high as they should be", name, bars)
			}
		}
	}
}

func TestStatusPage(t *testing.T) {
	browser := start(t)
	tenant := &aprimotest.Tenant{Queue: 5, Others: []aprimotest.Load{{Agent: "others", Burst: 60, Every: 3 * time.Second}}}
	alerts := notify.New(notify.Routes{}, notify.Rule{Count: 1, Gather: -1, MaxDelay: time.Second})
	defer alerts.Close()
	tr := transport.New(transport.WithBase(tenant.Transport()), transport.WithObserver(alerts.Observe), transport.WithLogger(zerolog.Nop()))
	for i := range 200 {
		go func() {
			ctx := transport.ContextWithUser(t.Context(), nasty[i%len(nasty)])
			req, _ := http.NewRequestWithContext(transport.ContextWithPriority(ctx, transport.Priority(i%3-1)), "GET", "https://acme.dam.aprimo.com/api/core/records", nil)
			if resp, err := tr.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
		}()
	}
	mux := http.NewServeMux()
	mux.Handle("/behind/a/prefix", status.Handler(tr, alerts))
	server := httptest.NewServer(mux)
	defer server.Close()
	url := server.URL + "/behind/a/prefix"
	for _, width := range []int64{320, 390, 1200} {
		b := open(t, browser, url, width, 900)
		before := eval[string](b, `document.querySelector("main").innerText`)
		b.until(`document.querySelector("main").innerText !== ` + fmt.Sprintf("%q", before)) // it renews itself
		b.until(`document.querySelector(".sent") !== null`)
		b.check(server.URL)
		b.picture(fmt.Sprintf("status-%d", width))
		if width == 1200 {
			send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
			b.picture("status-dark")
		}
	}
	if rows := tenant.Report().Total.Rejected; rows == 0 {
		t.Error("got no 429, want some on the page")
	}
}

// held returns the page of a paused Transport with many queued calls, whose users have
// long names or names written from right to left, and with muted alerts.
func held(t *testing.T) http.Handler {
	tenant := &aprimotest.Tenant{Queue: -1, Reject: aprimotest.Rejection{RetryAfter: 50 * time.Second}, Others: []aprimotest.Load{{Rate: 100}}}
	alerts := notify.New(notify.Routes{}, notify.Rule{Count: 1, Gather: -1})
	t.Cleanup(func() { alerts.Close() })
	alerts.Mute(time.Now().Add(48*time.Hour), "release "+strings.Repeat("x", 300))
	tr := transport.New(transport.WithBase(tenant.Transport()), transport.WithObserver(alerts.Observe), transport.WithLogger(zerolog.Nop()))
	page := status.Handler(tr, alerts)
	limited := make(chan struct{}, 200)
	tr.Observe(func(_ context.Context, e transport.Event) {
		if e.Kind == transport.RateLimited {
			limited <- struct{}{}
		}
	})
	for i := range 200 {
		go func() {
			ctx := transport.ContextWithUser(t.Context(), []string{strings.Repeat("w", 10_000), "مستخدم", "user"}[i%3]+fmt.Sprint(" ", i))
			ctx = transport.ContextWithPriority(ctx, transport.Priority(i%3-1))
			req, _ := http.NewRequestWithContext(ctx, "GET", "https://"+strings.Repeat("host", 15)+".example/api/core/records", nil)
			if resp, err := tr.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
		}()
	}
	<-limited
	return page
}

// In windows of any width, light and dark, only words from outside are broken.
func TestStatusPageThatIsHeld(t *testing.T) {
	browser := start(t)
	mux := http.NewServeMux()
	mux.Handle("/sub/", http.StripPrefix("/sub", held(t)))
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, width := range []int64{320, 375, 768} {
		b := open(t, browser, server.URL+"/sub/", width, 900)
		b.check(server.URL)
		for _, scheme := range []string{"light", "dark"} {
			send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			b.picture(fmt.Sprintf("status-held-%d-%s", width, scheme))
			const low = `(() => {
				const light = c => { const l = c.match(/\d+/g).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2] };
				const ground = e => { const c = getComputedStyle(e).backgroundColor; return c === "rgba(0, 0, 0, 0)" ? ground(e.parentElement) : c };
				document.body.classList.add("stale"); // so that this is read too
				const pale = [...document.querySelectorAll("body *")].filter(e => e.checkVisibility() && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())).filter(e => {
					const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
					return (a + 0.05) / (b + 0.05) < 4.5;
				}).map(e => e.outerHTML.slice(0, 80));
				document.body.classList.remove("stale");
				return pale;
			})()`
			if pale := eval[[]string](b, low); len(pale) > 0 {
				t.Errorf("%s: hard to read: %q", scheme, pale)
			}
		}
		const broken = `[...document.querySelectorAll("td.w, td.w span, th")].filter(e => {
			const words = document.createRange();
			return [...e.childNodes].filter(n => n.nodeType === 3).some(n => [...n.data.matchAll(/\S+/g)].some(m => {
				words.setStart(n, m.index); words.setEnd(n, m.index + m[0].length);
				return new Set([...words.getClientRects()].map(r => r.top)).size > 1;
			}));
		}).map(e => e.textContent)`
		if words := eval[[]string](b, broken); len(words) > 0 {
			t.Errorf("%d wide: broken: %q", width, words)
		}
	}
}

// The script updates the whole page, also its title, but keeps the focus and the
// selection.
func TestStatusPageIsRenewed(t *testing.T) {
	browser := start(t)
	var page http.Handler = status.Handler(transport.New(), nil)
	var now atomic.Pointer[http.Handler]
	now.Store(&page)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*now.Load()).ServeHTTP(w, r) }))
	defer server.Close()
	b := open(t, browser, server.URL, 390, 900)
	if title := eval[string](b, "document.title"); title != "Aprimo: The queue is empty." {
		t.Errorf("title %q", title)
	}
	eval[float64](b, `(getSelection().selectAllChildren(document.querySelector("h1")), window.then = performance.now() + 3000)`)
	later := held(t)
	now.Store(&later)
	b.until(`performance.now() > window.then`)
	if text := eval[string](b, `getSelection().toString() + document.querySelector(".state").textContent`); text != "AprimoThe queue is empty." {
		t.Errorf("what was selected has become %q", text)
	}
	eval[bool](b, `(getSelection().removeAllRanges(), document.querySelector("a").focus(), true)`)
	b.until(`document.title.startsWith("Aprimo hosthost") && document.title.includes("paused")`)
	if !eval[bool](b, `document.activeElement === document.querySelector("a") && document.activeElement.href.endsWith("?format=json")`) {
		t.Error("the link has lost the focus")
	}
}

// Without scripts the page shows the same, and reloads.
func TestStatusPageWithoutScript(t *testing.T) {
	browser := start(t)
	server := httptest.NewServer(held(t))
	defer server.Close()
	b := open(t, browser, "about:blank", 390, 900)
	send(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	do(b, chromedp.Navigate(server.URL))
	if text := eval[string](b, `document.querySelector("main").innerText`); !strings.Contains(text, "paused") || !strings.Contains(text, "more") {
		t.Errorf("%s", text)
	}
	if refresh := eval[string](b, `document.querySelector("head meta[http-equiv=refresh]").content`); refresh != "10" {
		t.Errorf("again after %q s", refresh)
	}
}

// When the connection is lost the page says so.
func TestStatusPageOfAProgramThatIsGone(t *testing.T) {
	browser := start(t)
	server := httptest.NewServer(status.Handler(transport.New(), nil))
	b := open(t, browser, server.URL, 390, 900)
	b.until(`getComputedStyle(document.getElementById("lost")).display === "none"`)
	server.Close()
	b.until(`getComputedStyle(document.getElementById("lost")).display === "block"`)
	b.picture("status-gone")
}

func TestReport(t *testing.T) {
	browser := start(t)
	dir := t.TempDir()
	var log strings.Builder
	logger := zerolog.New(&log)
	for i := range 3000 {
		line := logger.Warn().Time("time", time.Date(2026, 11, 24, 10, i/60, i%60, 0, time.UTC)).Str("user.name", nasty[i*i%len(nasty)]).
			Str("aprimo.operation", "GET /api/core/"+[]string{"records", "record/{id}", nasty[3]}[i%3]).
			Int("http.request.resend_count", 0).Int("http.response.status_code", 429).Bool("aprimo.rate_limit.will_retry", i%9 > 0)
		line.Send()
	}
	for name, content := range map[string]string{"nasty": log.String(), "empty": "{}\n"} {
		source := filepath.Join(dir, name+".log")
		if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name+".html")
		run := exec.CommandContext(t.Context(), "go", "run", "./examples/report", "-html", file, source)
		run.Dir = "../.."
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, width := range []int64{320, 390, 1200} {
			b := open(t, browser, "file://"+file, width, 900)
			b.check("file://" + file)
			b.picture(fmt.Sprintf("report-%s-%d", name, width))
		}
	}
}

// The page of a whole hour, in which others fill the tenant's queue now and then.
func TestStatusPageOfAnHour(t *testing.T) {
	browser := start(t)
	var html string
	synctest.Test(t, func(t *testing.T) { html = hour(t) })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, html) }))
	defer server.Close()
	for _, width := range []int64{360, 768, 1000} {
		b := open(t, browser, server.URL, width, 900)
		b.check(server.URL)
		if full := eval[int](b, `document.querySelectorAll(".sent[height]").length`); full < 55 {
			t.Errorf("%d minutes have requests; want nearly all 60", full)
		}
		b.picture(fmt.Sprintf("status-hour-%d", width))
	}
}

// hour returns the page after an hour of work in virtual time.
func hour(t *testing.T) string {
	time.Sleep(time.Until(time.Date(2026, 11, 24, 9, 27, 0, 0, time.UTC)))
	ctx, cancel := context.WithCancel(t.Context()) // no deadline: calls that cannot meet it would be rejected
	defer time.AfterFunc(time.Hour, cancel).Stop()
	tenant := &aprimotest.Tenant{Others: []aprimotest.Load{
		{Agent: "another integration", Rate: 4, Random: true},
		{Agent: "a nightly job", Burst: 160, Every: 13 * time.Minute, From: 5 * time.Minute},
	}}
	alerts := notify.New(notify.Routes{}, notify.Rule{Count: 5})
	tr := transport.New(transport.WithBase(tenant.Transport()), transport.WithObserver(alerts.Observe), transport.WithLogger(zerolog.Nop()))
	page := status.Handler(tr, alerts)
	var callers sync.WaitGroup
	for user, c := range map[string]struct {
		calls int
		pause time.Duration
	}{"anna@example.com": {1, 4 * time.Second}, "website": {12, 2 * time.Second}, "nightly-import": {30, time.Second}} {
		for range c.calls {
			callers.Go(func() {
				for ctx.Err() == nil {
					req, _ := http.NewRequestWithContext(transport.ContextWithUser(ctx, user), http.MethodGet, "https://acme.dam.aprimo.com/api/core/records", nil)
					if resp, err := tr.RoundTrip(req); err == nil {
						resp.Body.Close()
					}
					time.Sleep(c.pause)
				}
			})
		}
	}
	time.Sleep(time.Hour - time.Second)
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	callers.Wait()
	alerts.Close()
	return w.Body.String()
}
