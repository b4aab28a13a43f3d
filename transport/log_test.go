package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	zlog "github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// logLines reads a log back, without the times that are drawn at random.
func logLines(t *testing.T, log *bytes.Buffer) (lines []map[string]any) {
	t.Helper()
	for text := range strings.Lines(log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestEach429IsLoggedWithUserAndRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		first := true
		tr := transport.New(transport.WithLogger(zerolog.New(&log)), transport.WithRetry(retry.Policy{Throttled: 1}),
			transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
				time.Sleep(30 * time.Millisecond)
				resp, err := answer(req, 429)
				if first {
					resp.Header.Set("Retry-After", "2")
				}
				first = false
				return resp, err
			})))
		req := request(t, http.MethodGet, nil)
		req.URL, _ = url.Parse("https://me:secret@acme.dam.aprimo.com/api/core/records?pageSize=50&sig=secret")
		req.Header.Set("Authorization", "Bearer secret")
		req = req.WithContext(transport.ContextWithUser(t.Context(), "anna@example.com"))
		if _, err := tr.RoundTrip(req); err != nil {
			t.Fatal(err)
		}

		if strings.Contains(log.String(), "secret") {
			t.Errorf("got a log with a secret, want none: %s", log.String())
		}
		lines := logLines(t, &log)
		wait := lines[0]["aprimo.rate_limit.next_retry_ms"]
		if ms, _ := wait.(float64); ms < 2000 || ms > 2500 {
			t.Errorf("got a next retry after %v ms, want 2000 to 2500", wait)
		}
		common := map[string]any{
			"user.name":                 "anna@example.com",
			"http.request.method":       "GET",
			"url.full":                  "https://REDACTED@acme.dam.aprimo.com/api/core/records?pageSize=REDACTED&sig=REDACTED",
			"http.response.status_code": 429.0, "error.type": "429",
			"aprimo.rate_limit.queued": 0.0, "aprimo.rate_limit.in_flight": 0.0,
			"aprimo.operation": "GET /api/core/records",
		}
		want := []map[string]any{
			with(common, map[string]any{
				"level": "warn", "message": "Aprimo answered 429 Too Many Requests; will retry",
				"http.request.resend_count": 0.0, "http.response.header.retry-after": "2",
				"aprimo.rate_limit.queue_wait_ms": 0.0, "aprimo.rate_limit.next_retry_ms": wait,
				"aprimo.rate_limit.pause_ms": wait, "aprimo.rate_limit.will_retry": true,
				"aprimo.rate_limit.rate": 1.0, "aprimo.rate_limit.server_delay_ms": 0.0,
			}),
			with(common, map[string]any{
				"level": "error", "message": "Aprimo answered 429 Too Many Requests; given up",
				"http.request.resend_count":       1.0,
				"aprimo.rate_limit.queue_wait_ms": wait, "aprimo.rate_limit.next_retry_ms": 0.0,
				"aprimo.rate_limit.pause_ms": lines[len(lines)-1]["aprimo.rate_limit.pause_ms"], "aprimo.rate_limit.will_retry": false,
				"aprimo.rate_limit.server_delay_ms": 0.0, "aprimo.rate_limit.rate": lines[len(lines)-1]["aprimo.rate_limit.rate"],
			}),
		}
		if diff := cmp.Diff(want, without(lines, "waited in the local queue")); diff != "" {
			t.Errorf("got other lines than wanted (-want +got):\n%s", diff)
		}
	})
}

func with(a, b map[string]any) map[string]any {
	all := map[string]any{}
	for _, m := range []map[string]any{a, b} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

func without(lines []map[string]any, message string) (rest []map[string]any) {
	for _, line := range lines {
		if text, _ := line["message"].(string); !strings.Contains(text, message) {
			rest = append(rest, line)
		}
	}
	return rest
}

func TestLongWaitsAreLoggedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		tr := transport.New(transport.WithBase(answers(200)), transport.WithLogger(zerolog.New(&log)))
		atOnce(15*21, &http.Client{Transport: tr}) // 20 seconds' worth wait
		lines := logLines(t, &log)
		if len(lines) != 2 {
			t.Fatalf("got %d lines, want 2:\n%s", len(lines), log.String())
		}
		if first, next := lines[0], lines[1]; first["aprimo.rate_limit.suppressed"] != 0.0 ||
			first["aprimo.rate_limit.queue_wait_ms"] != 1008.0 || next["aprimo.rate_limit.suppressed"] != 149.0 ||
			!strings.HasPrefix(first["user.name"].(string), "user ") {
			t.Errorf("got %s\nwant the first wait of 1008 ms, and after 10 s another that counts 149 more", log.String())
		}
	})
}

func TestOtherFailuresAreLoggedWithoutSecrets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		calls := 0
		tr := transport.New(transport.WithLogger(zerolog.New(&log)),
			transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
				if calls++; calls == 1 {
					return nil, &url.Error{Op: "Get", URL: "https://host/?sig=secret", Err: errors.New("connection reset")}
				}
				return answer(req, []int{503, 200}[calls-2])
			})))
		if _, err := tr.RoundTrip(request(t, http.MethodGet, nil)); err != nil {
			t.Fatal(err)
		}
		lines := logLines(t, &log)
		if len(lines) != 2 || strings.Contains(log.String(), "secret") {
			t.Fatalf("got %s, want 2 lines without secrets", log.String())
		}
		if lines[0]["error.message"] != `Get "https://host/?sig=REDACTED": connection reset` || lines[1]["http.response.status_code"] != 503.0 {
			t.Errorf("got %s, want the error without its query, and the status 503", log.String())
		}
	})
}

// A hook finds the call's context, and so what traces it.
func TestAHookFindsTheContext(t *testing.T) {
	type key struct{}
	var log bytes.Buffer
	logger := zerolog.New(&log).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		if id, ok := e.GetCtx().Value(key{}).(string); ok {
			e.Str("trace_id", id)
		}
	}))
	tr := limited(nil, transport.WithLogger(logger))
	resp, err := tr.RoundTrip(request(t, http.MethodGet, nil).WithContext(context.WithValue(t.Context(), key{}, "4bf92f35")))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if line := logLines(t, &log)[0]; line["trace_id"] != "4bf92f35" || line["http.response.status_code"] != 429.0 {
		t.Errorf("got %v, want a 429 with the trace_id of the call", line)
	}
}

// Without an option, nothing below WARN is logged, and nothing that the program's global
// logger leaves out. A logger that is given decides for itself.
func TestTheDefaultLogIsWarnAndAbove(t *testing.T) {
	global := zlog.Logger
	t.Cleanup(func() { zlog.Logger = global })
	for name, test := range map[string]struct {
		global zerolog.Level
		opt    func(*bytes.Buffer) transport.Option
		want   []any // the levels of the lines
	}{
		"the default":               {zerolog.TraceLevel, nil, []any{"warn", "error"}},
		"the global logger is less": {zerolog.ErrorLevel, nil, []any{"error"}},
		"the global logger is off":  {zerolog.Disabled, nil, nil},
		"a logger": {zerolog.Disabled, func(log *bytes.Buffer) transport.Option {
			return transport.WithLogger(zerolog.New(log))
		}, []any{"warn", "info", "error"}},
		"a logger with a level": {zerolog.Disabled, func(log *bytes.Buffer) transport.Option {
			return transport.WithLogger(zerolog.New(log).Level(zerolog.ErrorLevel))
		}, []any{"error"}},
		"a slog handler": {zerolog.Disabled, func(log *bytes.Buffer) transport.Option {
			return transport.WithSlog(slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo})))
		}, []any{"WARN", "INFO", "ERROR"}},
		"a slog handler with a level": {zerolog.Disabled, func(log *bytes.Buffer) transport.Option {
			return transport.WithSlog(slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelError})))
		}, []any{"ERROR"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				zlog.Logger = zerolog.New(&log).Level(test.global)
				var opt transport.Option
				if test.opt != nil {
					opt = test.opt(&log)
				}
				// A 429, a wait of more than a second, and the second 429, which is given up.
				tr := transport.New(opt, transport.WithBase(answers(429)), transport.WithRetry(retry.Policy{Throttled: 1, MinDelay: 2 * time.Second}))
				if _, err := tr.RoundTrip(request(t, http.MethodGet, nil)); err != nil {
					t.Fatal(err)
				}
				var got []any
				for _, line := range logLines(t, &log) {
					got = append(got, line["level"])
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("got other levels than wanted (-want +got):\n%s", diff)
				}
				if err := tr.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
