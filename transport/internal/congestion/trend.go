package congestion

import "github.com/aprimo-go/aprimo/transport/internal/gate"

// A trend remembers the delays of the last meterSpan, one for each meterBucket. The zero value is
// ready.
type trend struct {
	past [len(meter{}.buckets)]struct {
		at    gate.Instant
		delay float64 // seconds
	}
	n int // so far
}

func (t *trend) add(now gate.Instant, delay float64) {
	size := len(t.past)
	if t.n > 0 && now.Sub(t.past[(t.n-1)%size].at) < meterBucket {
		return
	}
	p := &t.past[t.n%size]
	p.at, p.delay = now, delay
	t.n++
}

// rise returns by how many seconds the delay, which is this now, has grown within meterSpan.
func (t *trend) rise(now gate.Instant, delay float64) float64 {
	for i := max(0, t.n-len(t.past)); i < t.n; i++ {
		if p := t.past[i%len(t.past)]; now.Sub(p.at) <= meterSpan {
			return delay - p.delay
		}
	}
	return 0
}
