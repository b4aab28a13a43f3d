package measure_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

// Whatever happens to many calls at once, all that was sent is counted, each call
// has one result, and the attributes are few.
func TestCountsAddUpUnderLoad(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { load(t, rand.New(rand.NewPCG(seed, 1))) })
		})
	}
}

func load(t *testing.T, random *rand.Rand) {
	var mu sync.Mutex // random is not for concurrent use
	draw := func(n int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Int64N(n)
	}
	tenant := &aprimotest.Tenant{
		Queue:   5,
		Service: func(*http.Request) time.Duration { return time.Duration(1 + draw(int64(time.Second))) },
		Fault: func(*http.Request) aprimotest.Fault {
			return aprimotest.Fault{Status: []int{0, 0, 0, 503}[draw(4)], Drop: draw(10) == 0}
		},
		Others: []aprimotest.Load{{Rate: 12}},
	}
	tr := transport.New(transport.WithBase(tenant.Transport()), transport.WithLogger(zerolog.Nop()), transport.WithMaxQueue(150))
	var got tally
	measure.Observe(tr, got.tell)
	const calls = 300
	shared, cancelShared := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Second, cancelShared)
	var wg sync.WaitGroup
	for i := range calls {
		ctx := transport.ContextWithPriority(shared, transport.Priority(i%3-1))
		if i%4 == 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, time.Duration(draw(int64(20*time.Second))))
			defer cancel()
		}
		method := []string{"GET", "PUT", "POST", fmt.Sprint("X", i)}[i%4]
		url := fmt.Sprintf("https://host%d.dam.aprimo.com/api/core/part%c%c/%d", i%70, 'a'+i%20, 'a'+i/20, i)
		wg.Go(func() {
			time.Sleep(time.Duration(draw(int64(5 * time.Second))))
			req, _ := http.NewRequestWithContext(ctx, method, url, nil)
			if resp, err := tr.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
			measure.Read(tr, func(string, float64, ...string) {})
		})
	}
	wg.Wait()
	cancelShared()
	if sent := tr.Stats().Sent; uint64(got.counts[measure.RequestDuration]) != sent || sent == 0 {
		t.Errorf("%d attempts counted, %d sent, want the same", got.counts[measure.RequestDuration], sent)
	}
	if n := got.counts[measure.RateLimited]; uint64(n) != tr.Stats().RateLimited {
		t.Errorf("%d times 429 counted, there were %d, want the same", n, tr.Stats().RateLimited)
	}
	if n := got.counts[measure.Requests]; n != calls || got.counts[measure.TimeInQueue] != calls {
		t.Errorf("%d calls counted, there were %d, want the same", n, calls)
	}
	for key := range got.counts {
		if strings.HasPrefix(key, measure.RequestDuration+" X") || strings.HasPrefix(key, measure.RateLimited+" X") {
			t.Errorf("got the unknown method in %s, want _OTHER", key)
		}
	}
}
