package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/status"
)

// nasty are names that somebody may bring into a page.
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
		t.Error("no 429 was there to be shown")
	}
}

// When the program is gone the page says so.
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
