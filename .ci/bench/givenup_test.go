package bench

import (
	"context"
	"sync"
	"testing"
	"time"
)

// BenchmarkGivenUp is how long 75 calls wait, at 100 a second, behind 75 others
// that give up. 0.75 s is right; who has kept the others' slots needs 1.5 s.
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

// rest returns the time from the giving up of the first calls to the end of the
// last one.
func rest(b *testing.B, s stack) time.Duration {
	const calls, burst = 75, 25
	rt := s.over(base(answerOK), limit{burst, burst * 10 * time.Millisecond})
	for range burst { // else the first ones need not wait
		mustSucceed(b, rt, get(b, b.Context(), "http://stub/"))
	}
	ctx, giveUp := context.WithCancel(b.Context())
	var first, others sync.WaitGroup
	for range calls {
		first.Go(func() { rt.RoundTrip(get(b, ctx, "http://stub/")) })
	}
	time.Sleep(5 * time.Millisecond) // they are to be in front; all need it alike
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
