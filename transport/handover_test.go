package transport_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/aprimo-go/aprimo/transport"
)

// BenchmarkHandOver is what it takes to pass a slot from one waiter to the next,
// with 1,000 that wait all the time.
func BenchmarkHandOver(b *testing.B) {
	tr := transport.New(transport.WithBase(answers(200)), quiet, transport.WithWindow(-1), transport.WithLimiter(open{}))
	b.ReportAllocs()
	var wg sync.WaitGroup
	left := make(chan struct{}, b.N)
	for range b.N {
		left <- struct{}{}
	}
	close(left)
	for i := range 1000 {
		ctx := transport.ContextWithUser(context.Background(), fmt.Sprint(i%100))
		wg.Go(func() {
			for range left {
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, recordsURL, nil)
				if _, err := tr.RoundTrip(req); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// open gives slots as fast as they are asked for, one after the other.
type open struct{}

func (open) Wait(context.Context) error { runtime.Gosched(); return nil }
