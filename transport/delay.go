package transport

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A delayMeter estimates how long requests wait in the server's queue, from
// nothing but how long their answers take. The queue is common to all
// operations, so each answer is a measurement of it: its latency less what the
// operation takes when there is no queue, as noisy as the operation is.
//
// The measurements are put together by a Kalman filter on one number: a record
// that always takes 20 ms moves it at once, an order that takes four seconds or
// seven hardly does, but a hundred orders do. All numbers are in seconds.
type delayMeter struct {
	queue    float64 // the estimate
	variance float64 // of the estimate
	at       gate.Instant
	service  float64 // the mean of what recently answered operations take without a queue
	ops      map[operation]*latency
}

const (
	// wander is by how much the delay may change in a second, as a standard
	// deviation: in full overload it grows by one second each second, in calm
	// hardly at all.
	wander = 0.3

	// calmDelay is what is taken for no queue.
	calmDelay = 0.1

	maxOps = 256
)

func (m *delayMeter) op(name operation) *latency {
	l := m.ops[name]
	if l == nil {
		if m.ops == nil || len(m.ops) >= maxOps {
			m.ops = map[operation]*latency{} // forget: better than to grow for ever
		}
		l = &latency{}
		m.ops[name] = l
	}
	return l
}

// sample takes in an answer. calm tells that there was no queue when its request
// was sent, as far as can be known; probe that it belongs to a drain.
func (m *delayMeter) sample(l *latency, took time.Duration, calm, probe bool, now gate.Instant) {
	long := took.Seconds()
	if l.samples == 0 {
		l.begin(long - max(0, m.queue))
	}
	l.scatter(long, now)
	m.service += (l.mean - m.service) / 20
	m.measure(long-l.mean, l.noise(), now)
	switch {
	case probe:
		l.probe.add(long)
	case calm:
		l.learn(long)
	case l.samples < youngSamples:
		l.learn(long - max(0, m.queue))
	}
	if m.queue < -(4*m.doubt() + 0.05) {
		m.shift(m.queue) // less than nothing: what was learnt was a queue
	}
}

// measure is the filter's step.
func (m *delayMeter) measure(y, noise float64, now gate.Instant) {
	if !m.at.IsZero() {
		m.variance += wander * wander * now.Sub(m.at).Seconds()
	}
	m.at = now
	m.variance = min(m.variance, 4)
	limit := 3 * math.Sqrt(m.variance+noise) // one stray answer does not count for more
	gain := m.variance / (m.variance + noise)
	m.queue += gain * max(-limit, min(limit, y-m.queue))
	m.variance *= 1 - gain
}

// doubt is the standard deviation of the estimate.
func (m *delayMeter) doubt() float64 { return math.Sqrt(m.variance) }

// shift moves what is known of all operations: what looked like a queue is the
// server's own time, or the other way round.
func (m *delayMeter) shift(by float64) {
	for _, l := range m.ops {
		l.mean = max(0, l.mean+by)
	}
	m.queue -= by
	m.service = max(0, m.service+by)
	m.forget()
}

// left sums up the last drain: by how much its answers took longer than was
// known, and how sure that is. Only operations whose time is known precisely can
// tell.
func (m *delayMeter) left() (left, doubt float64, ok bool) {
	var sum, weight float64
	for _, l := range m.ops {
		if l.probe.n > 0 && l.precise() {
			sum += (l.probed() - l.mean) / l.noise()
			weight += 1 / l.noise()
		}
	}
	if weight == 0 {
		return 0, 0, false
	}
	return sum / weight, 1 / math.Sqrt(weight), true
}

// settle learns from the last drain what the precise operations take, or the
// others.
func (m *delayMeter) settle(precise bool) {
	for _, l := range m.ops {
		if l.probe.n > 0 && l.precise() == precise {
			l.settle()
		}
	}
}

// probed tells whether there was an answer in the last drain.
func (m *delayMeter) probed() bool {
	for _, l := range m.ops {
		if l.probe.n > 0 {
			return true
		}
	}
	return false
}

// forget makes room for the next drain.
func (m *delayMeter) forget() {
	for _, l := range m.ops {
		l.probe = probe{}
	}
}
