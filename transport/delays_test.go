package transport_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// After a 429 the throttle does the waiting; after another failure nobody else
// has to wait, and so the call itself does, out of the queue.
func TestFailureWaitsItsOwnDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen recorder
		w := newWire(func(n int, _ *http.Request) reply {
			return []reply{{status: 503, after: "3"}, {}}[min(n-1, 1)]
		})
		tr := transport.New(transport.WithBase(w), quiet, transport.WithObserver(seen.observe))
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := get(t.Context(), tr, "failed"); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second)
		if s := tr.Stats(); s.Queued != 0 || s.InFlight != 0 || s.Bottleneck != transport.BottleneckDemand || !s.PausedUntil.IsZero() {
			t.Errorf("while it waits: %+v, want none queued or in flight, no pause", s)
		}
		if err := get(t.Context(), tr, "another"); err != nil || time.Since(w.zero) != time.Second {
			t.Errorf("another one: got error %v after %v, want success at once, after 1s", err, time.Since(w.zero))
		}
		wg.Wait()
		delay := seen.of(transport.Retrying)[0].Delay
		if at := w.of("failed")[1]; delay < 3*time.Second || delay > 3750*ms || at != delay {
			t.Errorf("sent again after %v, reported %v; want 3 s and a little", at, delay)
		}
	})
}

// A header may hold anything, and nobody looks at one that is too long.
func TestTokenThatIsTooLong(t *testing.T) {
	const most = 64 << 10
	whole := func(length int) string {
		head, tail := "x.", ".y"
		room := (length - len(head) - len(tail)) / 4 * 3
		const claims = `{"sub":"anna","pad":"`
		payload := claims + strings.Repeat("p", room-len(claims)-2) + `"}`
		s := head + base64.RawURLEncoding.EncodeToString([]byte(payload)) + tail
		return strings.Repeat("x", length-len(s)) + s
	}
	for length, want := range map[int]string{100: "anna", most: "anna", most + 1: "", 10 * most: ""} {
		token := whole(length)
		if len(token) != length {
			t.Fatalf("got a token of %d characters, want %d", len(token), length)
		}
		if got := userSeen(t, nil, func(req *http.Request) { req.Header.Set("Authorization", "Bearer "+token) }); got != want {
			t.Errorf("user %q of a token of %d bytes, want %q", got, length, want)
		}
	}
}
