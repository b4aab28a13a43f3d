package bench

import (
	"context"
	"sync"
	"testing"
	"time"
)

// BenchmarkGivenUp measures how long 75 calls wait, at 100 a second, behind 75 others
// that are cancelled: 0.75 s at best, 1.5 s if the slots of the others stay reserved.
func BenchmarkGivenUp(b *testing.B) {
	for _, s := range []stack{xTime, retryableHTTP, failsafeHTTP, ours} {
		b.Run(s.name, func(b *testing.B) {
			var sum time.Duration
			for range b.N {
				sum += rest(b, s)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(sum.Seconds()/float64(b.N), "s/rest")
		})
	}
}

// rest returns the time from the cancellation of the first calls to the end of the
// last one.
func rest(b *testing.B, s stack) time.Duration {
	const calls, burst = 75, 25
	rt := s.over(base(answerOK), limit{burst, burst * 10 * time.Millisecond})
	for range burst { // else the first calls do not wait
		mustSucceed(b, rt, get(b, b.Context(), "http://stub/"))
	}
	ctx, giveUp := context.WithCancel(b.Context())
	var first, others sync.WaitGroup
	for range calls {
		first.Go(func() { rt.RoundTrip(get(b, ctx, "http://stub/")) })
	}
	time.Sleep(5 * time.Millisecond) // so that they are in front
	for range calls {
		others.Go(func() { mustSucceed(b, rt, get(b, b.Context(), "http://stub/")) })
	}
	time.Sleep(5 * time.Millisecond)
	began := time.Now()
	giveUp()
	first.Wait()
	others.Wait()
	return time.Since(began)
}
