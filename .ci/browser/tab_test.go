package browser

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "`folder` for a screenshot of each page")

// A tab is a page in the browser. Its test fails if the page reports an error, or loads
// anything from elsewhere.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	asked    []string // the URLs of its requests
	problems []string
}

// open shows a URL in a window of this size.
func open(t *testing.T, browser context.Context, url string, width, height int64) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	err := chromedp.Listen(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			b.asked = append(b.asked, e.Request.URL)
		case *runtime.EventExceptionThrown:
			b.problems = append(b.problems, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			b.problems = append(b.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	send(b, network.Enable, network.EnableParams{})
	send(b, log.Enable, cdp.Empty{})
	do(b, chromedp.EmulateViewport(width, height))
	do(b, chromedp.Navigate(url))
	return b
}

// do runs an action in a tab for up to 30 s.
func do[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// send sends a command of the browser's protocol.
func send[P, R any](b *tab, c cdp.Command[P, R], params P) {
	b.t.Helper()
	do(b, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, c, params) })
}

// eval returns the value of an expression in the page.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	return do(b, chromedp.Evaluate[T](expression))
}

// until waits for an expression to be true.
func (b *tab) until(expression string) {
	b.t.Helper()
	do(b, chromedp.Poll[bool](expression))
}

// check tests what holds for every page: it fits the window, runs only its own scripts,
// loads nothing from elsewhere and reports no error.
func (b *tab) check(origin string) {
	b.t.Helper()
	if out := eval[[]string](b, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))`); len(out) > 0 {
		b.t.Errorf("got elements beyond the right edge: %q", out[:1])
	}
	if wide := eval[int](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 { // text that is wider than its element
		b.t.Errorf("got a page that is %d pixels too wide", wide)
	}
	if eval[bool](b, `"pwned" in window || !!document.querySelector("[onerror], img, iframe, link[rel=stylesheet], script[src]")`) {
		b.t.Error("got foreign elements or scripts in the page")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.asked {
		if !strings.HasPrefix(url, origin) && !strings.HasPrefix(url, "data:") {
			b.t.Errorf("got a request for %s, want none to elsewhere", url)
		}
	}
	if len(b.problems) > 0 {
		b.t.Errorf("got errors of the browser: %q", b.problems)
	}
}

// picture saves a screenshot of the whole page if -pictures is set.
func (b *tab) picture(name string) {
	b.t.Helper()
	if *pictures == "" {
		return
	}
	png := do(b, chromedp.FullScreenshot(100))
	if err := os.MkdirAll(*pictures, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// start starts the browser.
func start(t *testing.T) context.Context {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil && os.Getenv("APRIMO_REQUIRE_REAL") == "1" {
		t.Fatal(err)
	}
	// As root it has no sandbox; it shows only our own pages.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("allow-file-access-from-files", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if _, err := chromedp.Run(ctx, chromedp.Location()); err != nil {
		if os.Getenv("APRIMO_REQUIRE_REAL") == "1" {
			t.Fatal(err)
		}
		t.Skip("no browser: ", err)
	}
	return ctx
}
