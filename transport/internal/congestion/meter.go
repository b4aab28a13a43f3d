package congestion

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A meter measures a rate over the last meterSpan. The zero value is ready.
type meter struct {
	buckets [40]uint32
	last    gate.Instant // the start of the newest bucket
	next    int          // the one after it, which is the oldest
	first   gate.Instant
	sum     uint32 // of the buckets
}

const (
	// meterSpan is long enough that a burst of the whole limit weighs a tenth, and short
	// enough that the figure follows a change within seconds. (Judgement.)
	meterSpan = 10 * time.Second

	// meterBucket, a quarter of a second, is the step by which the span moves on: the
	// rate is exact to 2.5 %.
	meterBucket = meterSpan / time.Duration(len(meter{}.buckets))
)

func (m *meter) add(now gate.Instant) {
	m.advance(now)
	m.buckets[(m.next+len(m.buckets)-1)%len(m.buckets)]++
	m.sum++
}

// undo reverts the last add.
func (m *meter) undo() {
	if last := &m.buckets[(m.next+len(m.buckets)-1)%len(m.buckets)]; *last > 0 {
		*last--
		m.sum--
	}
}

// advance starts new buckets up to now and drops as many of the oldest.
func (m *meter) advance(now gate.Instant) {
	if m.first.IsZero() {
		m.first, m.last = now, now
	}
	steps := max(0, int(now.Sub(m.last)/meterBucket))
	m.last = m.last.Add(time.Duration(steps) * meterBucket)
	for range min(steps, len(m.buckets)) {
		m.sum -= m.buckets[m.next]
		m.buckets[m.next] = 0
		m.next = (m.next + 1) % len(m.buckets)
	}
}

// rate returns events per second.
func (m *meter) rate(now gate.Instant) float64 {
	if m.first.IsZero() {
		return 0
	}
	m.advance(now)
	now = max(now, m.last) // it may come late on a busy machine
	// The newest bucket is not over yet, and shortly after the start there are few.
	span := meterSpan - meterBucket + now.Sub(m.last)
	span = min(span, max(time.Second, now.Sub(m.first)))
	return float64(m.sum) / span.Seconds()
}
