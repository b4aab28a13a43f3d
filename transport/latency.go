package transport

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A latency is what is known of the time that an operation takes without a
// queue, in seconds.
type latency struct {
	mean, variance float64
	samples        float64 // how many stand behind the mean, up to oldSamples
	probe          probe   // of the drain under way

	last   float64 // the answer before
	lastAt gate.Instant
}

const (
	youngSamples = 20 // until then an operation is learnt from every answer
	oldSamples   = 60 // and no sample counts for less than one in so many

	// preciseWithin is the standard deviation up to which the least of some
	// answers says more than their mean.
	preciseWithin = 0.15

	closeTogether = 2 * time.Second
)

// begin sets out from the first answer.
func (l *latency) begin(seconds float64) {
	l.mean, l.samples = max(0, seconds), 1
	l.variance = math.Pow(0.25*l.mean, 2)
}

func (l *latency) learn(seconds float64) {
	l.samples = min(l.samples+1, oldSamples)
	l.mean += (seconds - l.mean) / l.samples
}

// scatter learns the noise, in calm or not: from how much two answers that follow
// each other closely differ. How long both had to wait in the queue is in neither
// (von Neumann's estimator); the distance from the mean would make each operation
// look noisy as soon as the queue swings.
func (l *latency) scatter(seconds float64, now gate.Instant) {
	if now.Sub(l.lastAt) < closeTogether {
		square := (seconds - l.last) * (seconds - l.last) / 2
		floor := l.floor()
		l.variance += (min(square, 9*max(l.variance, floor*floor)) - l.variance) / youngSamples
	}
	l.last, l.lastAt = seconds, now
}

// noise is the variance of one answer.
func (l *latency) noise() float64 {
	floor := l.floor()
	return max(l.variance, floor*floor)
}

// floor is what the network and the scheduler add at least.
func (l *latency) floor() float64 { return 0.02 + 0.05*l.mean }

func (l *latency) precise() bool { return l.noise() < preciseWithin*preciseWithin }

// probed is what the drain says that the operation takes.
func (l *latency) probed() float64 {
	if l.precise() {
		return l.probe.least + math.Sqrt(l.variance)
	}
	return l.probe.sum / l.probe.n
}

// settle learns from the drain. Of a precise operation the lower envelope is
// followed, down at once and up slowly, since in a drain too there may be a
// queue, of strangers; of another one the mean, since its least says nothing.
func (l *latency) settle() {
	off := l.probed() - l.mean
	switch {
	case !l.precise():
		l.samples = min(l.samples+l.probe.n, oldSamples)
		l.mean += min(1, l.probe.n/l.samples) * off
	case off < 0:
		l.mean += 0.5 * off
	case off < 0.3:
		l.mean += 0.05 * off
	}
}

// A probe is what an operation took in a drain.
type probe struct{ n, sum, least float64 }

func (p *probe) add(seconds float64) {
	if p.n == 0 || seconds < p.least {
		p.least = seconds
	}
	p.n++
	p.sum += seconds
}
