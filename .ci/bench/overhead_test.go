package bench

import "testing"

// BenchmarkOverhead measures a GET that does not wait, with a base that responds
// immediately.
func BenchmarkOverhead(b *testing.B) {
	for _, s := range []stack{bare, xTime, retryableHTTP, failsafeHTTP, ours, oursXTime, oursObserved} {
		b.Run(s.name+"/sequential", func(b *testing.B) {
			b.ReportAllocs()
			rt := s.over(base(answerOK), limit{})
			req := get(b, b.Context(), "http://stub/")
			for b.Loop() {
				mustSucceed(b, rt, req)
			}
		})
		b.Run(s.name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			rt := s.over(base(answerOK), limit{})
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				req := get(b, b.Context(), "http://stub/")
				for pb.Next() {
					mustSucceed(b, rt, req)
				}
			})
		})
	}
}
