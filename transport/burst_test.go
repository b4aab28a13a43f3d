package transport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

const recordsURL = "https://acme.dam.aprimo.com/api/core/records"

// quiet is what a test sets that does not look at the log.
var quiet = transport.WithLogger(zerolog.Nop())

// A burst is what became of calls that were made all at once.
type burst struct {
	took   time.Duration
	status map[int]int
	errs   []error
}

// atOnce makes n calls at the same moment and waits for all.
func atOnce(n int, client *http.Client) burst {
	b := burst{status: map[int]int{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range n {
		wg.Go(func() {
			ctx := transport.ContextWithUser(context.Background(), fmt.Sprintf("user %d", i))
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
			resp, err := client.Do(req)
			if err == nil {
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				b.errs = append(b.errs, err)
			} else {
				b.status[resp.StatusCode]++
			}
		})
	}
	wg.Wait()
	b.took = time.Since(begin)
	return b
}

func TestBurstAlone(t *testing.T) {
	for _, release := range []aprimotest.Release{aprimotest.TokenBucket, aprimotest.FixedWindow, aprimotest.EvenlySpaced} {
		for _, test := range []struct {
			calls int
			most  time.Duration
		}{
			{15, 1100 * time.Millisecond},
			{130, 8200 * time.Millisecond},
			{600, 40 * time.Second},
		} {
			t.Run(fmt.Sprintf("%v/%d", release, test.calls), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tenant := &aprimotest.Tenant{Release: release}
					tr := transport.New(transport.WithBase(tenant.Transport()), quiet)
					b := atOnce(test.calls, &http.Client{Transport: tr})
					seen := tenant.Report().Total
					if b.status[200] != test.calls || len(b.errs) > 0 {
						t.Errorf("answers %v, errors %v; want all 200", b.status, b.errs)
					}
					if b.took > test.most+waitAtServer(release) {
						t.Errorf("took %v, want at most %v", b.took, test.most)
					}
					if seen.MaxPerSecond > 15 || seen.Rejected > 0 {
						t.Errorf("%d in one second, %d rejected; want at most 15, and 0", seen.MaxPerSecond, seen.Rejected)
					}
				})
			})
		}
	}
}

// waitAtServer is what a release adds by itself: it spaces what came together.
func waitAtServer(r aprimotest.Release) time.Duration {
	if r == aprimotest.EvenlySpaced {
		return time.Second
	}
	return 0
}

func TestSaturatedTenantLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Others: []aprimotest.Load{
			{Agent: "stranger", Rate: 40, Random: true, Until: 20 * time.Second},
		}}
		var mu sync.Mutex
		var limited, paused int
		var unknown int
		tr := transport.New(transport.WithBase(tenant.Transport()), quiet,
			transport.WithObserver(func(_ context.Context, e transport.Event) {
				mu.Lock()
				defer mu.Unlock()
				switch e.Kind {
				case transport.RateLimited:
					limited++
					if e.User == "" {
						unknown++
					}
				case transport.Paused:
					paused++
				}
			}))
		b := atOnce(600, &http.Client{Transport: tr})
		t.Logf("600 calls in %v, %d 429s, %d pauses\n%v", b.took, limited, paused, tenant.Report())
		if b.status[200] != 600 {
			t.Errorf("answers %v, errors %v; want 600 times 200", b.status, b.errs)
		}
		if limited == 0 || unknown > 0 {
			t.Errorf("%d 429s, of %d the user is unknown; want some, and 0", limited, unknown)
		}
		if got := tr.Stats().RateLimited; got != uint64(limited) {
			t.Errorf("Stats.RateLimited = %d, want %d", got, limited)
		}
	})
}
