package transport_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/aprimo-go/aprimo/transport"
)

// A Limiter is used alone, too: then it has the queue.
func TestLimiterAlone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(rt, "limit")
		per := time.Duration(rapid.IntRange(1, 2000).Draw(rt, "per")) * time.Millisecond
		list := visits(false).Draw(rt, "visits")
		synctest.Test(t, func(t *testing.T) {
			zero, limiter := time.Now(), transport.NewLimiter(n, per)
			var wg sync.WaitGroup
			for _, v := range list {
				wg.Go(func() {
					time.Sleep(v.comes)
					ctx := t.Context()
					if v.patience > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, v.patience)
						defer cancel()
					}
					if v.err = limiter.Wait(ctx); v.err == nil {
						v.begun = append(v.begun, time.Since(zero))
					}
				})
			}
			wg.Wait()
		})
		all := begun(list)
		for i := n; i < len(all); i++ {
			if all[i]-all[i-n] < per {
				rt.Fatalf("%d began within %v, want %v or more", n+1, all[i]-all[i-n], per)
			}
		}
		var last time.Duration
		for _, v := range list {
			if v.err == nil && v.begun[0] < last {
				rt.Fatalf("call %d overtook one that had come before", v.id)
			} else if v.err == nil {
				last = v.begun[0]
			} else if v.patience == 0 {
				rt.Fatalf("call %d was lost: %v", v.id, v.err)
			}
		}
	})
}

func ExampleNewLimiter() {
	limiter := transport.NewLimiter(3, 100*time.Millisecond)
	begin := time.Now()
	for range 7 {
		limiter.Wait(context.Background())
	}
	fmt.Println(time.Since(begin) >= 200*time.Millisecond)
	// Output: true
}
