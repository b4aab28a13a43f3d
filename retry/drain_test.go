package retry_test

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/retry"
)

// An endlessBody gives some bytes at each Read, each of which takes a time.
type endlessBody struct {
	takes        time.Duration
	length, most int // bytes there are, 0 for no end; and of those, in one Read

	mu           sync.Mutex
	read, closed int
	closedAt     time.Time
}

func (b *endlessBody) Read(p []byte) (int, error) {
	time.Sleep(b.takes)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed > 0 {
		return 0, io.ErrClosedPipe
	}
	n := min(len(p), b.most)
	if b.length > 0 {
		n = min(n, b.length-b.read)
		if n == 0 {
			return 0, io.EOF
		}
	}
	b.read += n
	return n, nil
}

func (b *endlessBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed++; b.closed == 1 {
		b.closedAt = time.Now()
	}
	return nil
}

// What is left of a 429 is read, so that its connection can be used again, but
// not for ever.
func TestDrainHasBounds(t *testing.T) {
	const most = 256 << 10
	for name, test := range map[string]struct {
		body     *endlessBody
		from, to int // bytes read
		took     time.Duration
	}{
		"short":    {&endlessBody{length: 1000, most: 100}, 1000, 1000, 0},
		"long":     {&endlessBody{length: most - 1, most: 1000}, most - 1, most - 1, 0},
		"endless":  {&endlessBody{most: 1 << 20}, most, most + 64<<10, 0},
		"slow":     {&endlessBody{most: 1, takes: 150 * time.Millisecond}, 6, 6, 1050 * time.Millisecond},
		"in time":  {&endlessBody{length: 5, most: 1, takes: 100 * time.Millisecond}, 5, 5, 600 * time.Millisecond},
		"too slow": {&endlessBody{most: 1, takes: 900 * time.Millisecond}, 1, 1, 1800 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, body := time.Now(), test.body
				var again time.Time
				resp, err := send(t.Context(), &retry.Transport{Policy: atOnce, Base: roundTripper(func(*http.Request) (*http.Response, error) {
					if body.closed == 0 {
						return &http.Response{StatusCode: 429, Header: http.Header{}, Body: body}, nil
					}
					again = time.Now()
					return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
				})}, "GET", "")
				if err != nil || resp.StatusCode != 200 {
					t.Fatalf("got %v, %v; want status 200", resp, err)
				}
				if body.read < test.from || body.read > test.to || again.Sub(begin) != test.took {
					t.Errorf("read %d bytes in %v, want %d to %d in %v", body.read, again.Sub(begin), test.from, test.to, test.took)
				}
				if long := body.closedAt.Sub(begin); long > time.Second {
					t.Errorf("closed after %v, want a second at most", long)
				}
			})
		})
	}
}
