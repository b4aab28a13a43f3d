package transport_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport"
)

// limited returns a Transport whose every call goes at once and is answered 429.
func limited(log *bytes.Buffer, opts ...transport.Option) *transport.Transport {
	return transport.New(append([]transport.Option{
		transport.WithLogger(zerolog.New(log)), transport.WithLimiter(transport.NewLimiter(1_000_000, time.Second)),
		transport.WithDryRun(),
		transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) { return answer(req, 429) })),
	}, opts...)...)
}

// tellsOf returns how many 429s a log tells of, in lines and in summaries.
func tellsOf(t interface{ Fatal(...any) }, lines []map[string]any) (written, summed int) {
	for _, line := range lines {
		switch {
		case line["event"] == "aprimo.429.summary":
			sum := int(line["aprimo.429.rest_other"].(float64))
			for _, r := range line["aprimo.429.rest"].([]any) {
				sum += int(r.(map[string]any)["count"].(float64))
			}
			if float64(sum) != line["aprimo.429.suppressed"] {
				t.Fatal("got parts of the rest that do not add up, want suppressed: ", line)
			}
			summed += sum
		case line["http.response.status_code"] == 429.0:
			written++
		}
	}
	return written, summed
}

// 200,000 429s at once: few lines, exact counts, little memory.
func TestAFloodOf429sIsLoggedBriefly(t *testing.T) {
	total := 200_000
	if testing.Short() || raceEnabled {
		total /= 10
	}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		tr := limited(&log)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var all sync.WaitGroup
		for worker := range 8 {
			all.Go(func() {
				for i := range total / 8 {
					req := request(t, http.MethodGet, nil)
					req = req.WithContext(transport.ContextWithUser(t.Context(), fmt.Sprintf("user %d", i%10_000)))
					req.URL.Path = fmt.Sprintf("/api/core/thing%c", 'a'+(i+worker)%26)
					if resp, err := tr.RoundTrip(req); err == nil {
						resp.Body.Close()
					}
				}
			})
		}
		all.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
			t.Errorf("got a heap that grew by %d bytes, want at most 4 MiB", grown)
		}
		if err := tr.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines := logLines(t, &log)
		written, summed := tellsOf(t, lines)
		t.Logf("%d 429s: %d lines, %d of them in full; heap grew by %d KiB", total, len(lines), written, (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
		if written+summed != total || len(lines) > 200 {
			t.Errorf("got %d lines for %d + %d 429s, want at most 200 for %d", len(lines), written, summed, total)
		}
	})
}

// What a summary says, and when there is one.
func TestTheSummaryOfAFlood(t *testing.T) {
	for _, n := range []int{19, 20, 100} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			tr := limited(nil, transport.WithSlog(slog.New(slog.NewJSONHandler(&log, nil))))
			since := time.Now()
			for i := range n {
				req := request(t, http.MethodGet, nil)
				resp, err := tr.RoundTrip(req.WithContext(transport.ContextWithUser(t.Context(), fmt.Sprint("user ", i/50))))
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
			}
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			lines := logLines(t, &log)
			last := lines[len(lines)-1]
			if n < 20 {
				if len(lines) != n || last["event"] != nil {
					t.Errorf("got %d lines, the last %v; want %d and no summary", len(lines), last, n)
				}
				return
			}
			rest := max(0, n-60) // calls that are given up have a line each until there are 60
			began, err := time.Parse(time.RFC3339, last["aprimo.429.since"].(string))
			if len(lines) != n-rest+1 || last["level"] != "WARN" || err != nil || !began.Equal(since) {
				t.Errorf("got %d lines, the last %v; want %d, the last a summary at WARN since %v", len(lines), last, n-rest+1, since)
			}
			for field, want := range map[string]int{
				"total": n, "given_up": n, "suppressed": rest, "suppressed_given_up": rest,
				"rest_other": 0, "rest_users_other": 0, "rest_operations_other": 0,
			} {
				if got := last["aprimo.429."+field]; got != float64(want) {
					t.Errorf("got %v as %s of %d, want %d", got, field, n, want)
				}
			}
		})
	}
}

// No minute has more lines, whenever it begins; and in each a user has one.
func TestAFloodOverTheEdgeOfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		tr := limited(nil, transport.WithLogger(zerolog.New(&log).With().Timestamp().Logger()))
		call := func(user int) {
			req := request(t, http.MethodGet, nil)
			resp, err := tr.RoundTrip(req.WithContext(transport.ContextWithUser(t.Context(), fmt.Sprint(user))))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		const users = 120
		total := 1
		call(0) // the minute that is summed up begins
		time.Sleep(59 * time.Second)
		for range 70 * 200 {
			call(total % users)
			total++
			time.Sleep(5 * time.Millisecond)
		}
		call(users) // one who is late
		_ = tr.Shutdown(t.Context())
		lines := logLines(t, &log)
		var at []time.Time
		last := map[any]time.Time{}
		for _, l := range lines {
			written, err := time.Parse(time.RFC3339, l["time"].(string))
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, written)
			if i := len(at) - 200; i >= 0 && written.Sub(at[i]) < time.Minute {
				t.Fatalf("got 200 lines from %v to %v, want fewer in a minute", at[i], written)
			}
			if l["event"] == nil {
				last[l["user.name"]] = written
			}
		}
		for user, line := range last {
			if since := time.Since(line); since > 65*time.Second {
				t.Errorf("got no line for user %v for %v, want one a minute", user, since)
			}
		}
		if written, summed := tellsOf(t, lines); written+summed != total+1 || len(last) != users+1 {
			t.Errorf("got %d lines of %d users and %d 429s in summaries, want %d users and %d in all", written, len(last), summed, users+1, total+1)
		}
	})
}

// Whatever the pattern: the lines and the summaries together tell of each 429, also
// when it ends in the middle of a minute.
func TestTheLogTellsOfEach429(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			tr := limited(&log)
			total := 0
			for range rapid.IntRange(1, 8).Draw(r, "bursts") {
				users := rapid.IntRange(1, 400).Draw(r, "users")
				for i := range rapid.IntRange(0, 500).Draw(r, "429s") {
					req := request(t, http.MethodGet, nil)
					resp, err := tr.RoundTrip(req.WithContext(transport.ContextWithUser(t.Context(), fmt.Sprint(i%users))))
					if err != nil {
						r.Fatal(err)
					}
					resp.Body.Close()
					total++
				}
				time.Sleep(time.Duration(rapid.IntRange(0, 90).Draw(r, "pause")) * time.Second)
			}
			_ = tr.Shutdown(t.Context())
			lines := logLines(t, &log)
			if written, summed := tellsOf(r, lines); written+summed != total {
				r.Fatalf("got %d lines and %d in summaries, want %d in all", written, summed, total)
			}
		})
	})
}

func TestLogEvery429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		tr := limited(nil, transport.WithLogger(zerolog.New(&log), transport.LogEvery429))
		for range 1000 {
			resp, err := tr.RoundTrip(request(t, http.MethodGet, nil))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
		}
		if n := len(logLines(t, &log)); n != 1000 {
			t.Errorf("got %d lines, want 1000", n)
		}
		_ = tr.Shutdown(t.Context())
	})
}

// Also if all come at once, faster than any writer.
func TestLogEvery429OfABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		tr := limited(nil, transport.WithLogger(zerolog.New(&log), transport.LogEvery429))
		const total = 3000
		atOnce(total, &http.Client{Transport: tr})
		_ = tr.Shutdown(t.Context())
		if written, summed := tellsOf(t, logLines(t, &log)); written != total || summed != 0 {
			t.Errorf("got %d lines and %d 429s without one, want %d lines", written, summed, total)
		}
	})
}

func TestSlogGetsTheSameFields(t *testing.T) {
	var log bytes.Buffer
	tr := limited(new(bytes.Buffer), transport.WithSlog(slog.New(slog.NewJSONHandler(&log, nil))))
	req := request(t, http.MethodGet, nil)
	req = req.WithContext(transport.ContextWithUser(t.Context(), "a\r\nBcc: x@y <script>"))
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	line := logLines(t, &log)[0]
	if line["level"] != "ERROR" || line["http.response.status_code"] != 429.0 || !strings.Contains(line["msg"].(string), "429") ||
		strings.ContainsAny(line["user.name"].(string), "\r\n") {
		t.Errorf("got %v, want a 429 at ERROR with a user on one line", line)
	}
}

// A handler that adds what the context has, as those for traces do, finds it.
func TestSlogHandlersGetTheContext(t *testing.T) {
	var log bytes.Buffer
	tr := limited(nil, transport.WithSlog(slog.New(tracing{slog.NewJSONHandler(&log, nil)})))
	for _, id := range []string{"a", "b"} {
		resp, err := tr.RoundTrip(request(t, http.MethodGet, nil).WithContext(context.WithValue(t.Context(), tracing{}, id)))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if lines := logLines(t, &log); len(lines) != 2 || lines[0]["trace_id"] != "a" || lines[1]["trace_id"] != "b" {
		t.Errorf("got %v, want the trace_id of each call", lines)
	}
}

type tracing struct{ slog.Handler }

func (h tracing) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(slog.Any("trace_id", ctx.Value(tracing{})))
	return h.Handler.Handle(ctx, r)
}

func TestNoSlogIsTheDefault(t *testing.T) {
	var log bytes.Buffer
	tr := limited(&log, transport.WithSlog(nil))
	resp, err := tr.RoundTrip(request(t, http.MethodGet, nil))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if n := len(logLines(t, &log)); n != 1 {
		t.Errorf("got %d lines, want 1", n)
	}
}
