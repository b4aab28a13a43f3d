package transport_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

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
			t.Errorf("a secret in the log: %s", log.String())
		}
		lines := logLines(t, &log)
		wait := lines[0]["aprimo.rate_limit.next_retry_ms"]
		if ms, _ := wait.(float64); ms < 2000 || ms > 2500 {
			t.Errorf("next retry after %v ms, want 2000 to 2500", wait)
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
			t.Error(diff)
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
			t.Fatalf("%d lines, want 2:\n%s", len(lines), log.String())
		}
		if first, next := lines[0], lines[1]; first["aprimo.rate_limit.suppressed"] != 0.0 ||
			first["aprimo.rate_limit.queue_wait_ms"] != 1008.0 || next["aprimo.rate_limit.suppressed"] != 149.0 ||
			!strings.HasPrefix(first["user.name"].(string), "user ") {
			t.Errorf("%s", log.String())
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
			t.Fatal(log.String())
		}
		if lines[0]["error.message"] != `Get "https://host/?sig=REDACTED": connection reset` || lines[1]["http.response.status_code"] != 503.0 {
			t.Error(log.String())
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
		t.Errorf("%v", line)
	}
}
