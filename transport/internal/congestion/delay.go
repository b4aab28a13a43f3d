package congestion

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A delayEstimator estimates how long requests wait in the server's queue, from the time
// that their answers take. All operations share the queue, so each answer measures it: by
// its latency less what the operation takes without a queue, with the operation's noise.
//
// A Kalman filter on one number combines the measurements: a record that always takes
// 20 ms moves it at once; an order that takes four to seven seconds hardly does, but a
// hundred orders do. All numbers are in seconds. The zero value is ready.
type delayEstimator struct {
	queue    float64 // the estimate; below 0 while a latency is overestimated
	variance float64 // of the estimate
	at       gate.Instant
	first    gate.Instant // the first answer
	service  float64      // the mean of what recently answered operations take without a queue
	ops      map[work]*latency
	known    map[string]Baseline // from when the program ran before
}

// work is what takes about the same time whenever it is done: an operation with a class
// of statuses (2: below 400, 4, 5), since a refusal is faster than a success.
type work struct {
	gate.Operation
	class int
}

const (
	// processNoise, in seconds per square root of a second, is how much the delay may
	// change, as a standard deviation: in full overload it grows by one second a second,
	// in calm hardly at all. (Measured in .ci/lab.)
	processNoise = 0.3

	// maxVariance, in s², bounds what is not known after a long silence: the queue is no
	// longer than 6.7 s by Aprimo's documented limits, so a standard deviation of 2 s
	// covers it. (Statistics.)
	maxVariance = 4

	// strayLimit, in standard deviations, bounds the effect of one stray answer.
	// (Statistics.)
	strayLimit = 3

	// calmDelay, in seconds, is what counts as no queue: two or three requests.
	// (Measured in .ci/lab.)
	calmDelay = 0.1

	// certain, in standard deviations, and certainMargin, in seconds, is how far below
	// zero an estimate must lie before what was learnt must have contained a queue.
	// (Statistics.)
	certain, certainMargin = 4, 0.05

	// serviceSpan is the number of answers over which service is averaged: some two
	// seconds at 15 a second. (Judgement.)
	serviceSpan = 20

	// maxOps bounds the operations that are remembered. The API has some hundred; a proxy
	// may see paths without end. (Judgement.)
	maxOps = 256

	// forgotten is after what time without an answer the delay of before says nothing:
	// a full queue needs 6.7 s to drain. (Judgement.)
	forgotten = 5 * time.Second
)

func (e *delayEstimator) op(w work) *latency {
	l := e.ops[w]
	if l == nil {
		if e.ops == nil || len(e.ops) >= maxOps {
			e.ops = map[work]*latency{} // learning again costs less than memory without bound
		}
		l = &latency{}
		if b, ok := e.known[w.hash()]; ok {
			l.mean, l.variance, l.samples = b.Mean, b.Stddev*b.Stddev, youngSamples
		}
		e.ops[w] = l
	}
	return l
}

// sample learns from an answer. calm says that there was no queue when its request was
// sent, as far as is known; probed that the request belongs to a probe. The delay has moved
// by so many seconds since.
func (e *delayEstimator) sample(l *latency, took time.Duration, moved float64, calm, probed bool, now gate.Instant) {
	long := took.Seconds()
	known := l.samples > 0
	if !known {
		l.begin(long - max(0, e.queue))
	}
	l.jitter(long, now)
	if e.first.IsZero() {
		e.first = now
	}
	if e.at.IsZero() {
		e.service = l.mean
	}
	e.service += (l.mean - e.service) / serviceSpan
	if now.Add(-took).Before(e.first) && !l.precise() {
		// Of the requests that were sent at first the fastest are answered first. Those that
		// follow are slower without any queue.
		if known {
			l.learn(long - max(0, e.queue))
		}
		return
	}
	late := long - l.mean
	e.measure(max(min(late, 0), late+moved), l.noise(), now)
	switch {
	case probed:
		l.probed.add(long)
	case calm:
		l.learn(long)
	case l.samples < youngSamples:
		l.learn(long - max(0, e.queue))
	}
	if e.queue < -(certain*e.stddev() + certainMargin) {
		e.shift(e.queue) // below zero: what was learnt contained a queue
	}
}

// measure is the filter's step.
func (e *delayEstimator) measure(y, noise float64, now gate.Instant) {
	// On a busy machine answers may come in another order than they ended in.
	if !e.at.IsZero() {
		e.variance += processNoise * processNoise * max(0, now.Sub(e.at)).Seconds()
	}
	e.at = max(e.at, now)
	e.variance = min(e.variance, maxVariance)
	limit := strayLimit * math.Sqrt(e.variance+noise)
	gain := e.variance / (e.variance + noise)
	e.queue += gain * max(-limit, min(limit, y-e.queue))
	e.variance *= 1 - gain
}

// recall begins with what operations are known to take, but not with what the queue is.
func (e *delayEstimator) recall(known map[string]Baseline) {
	e.known, e.variance = known, maxVariance
}

// adopt takes over what others have measured. A process that starts beside others would
// otherwise take their queue for the server's own time.
func (e *delayEstimator) adopt(delay, stddev float64, now gate.Instant) {
	e.queue, e.variance, e.at = delay, stddev*stddev, now
}

// fresh reports whether there was an answer recently.
func (e *delayEstimator) fresh(now gate.Instant) bool {
	return !e.at.IsZero() && now.Sub(e.at) <= forgotten
}

// delay returns the estimate, 0 at least.
func (e *delayEstimator) delay() float64 { return max(0, e.queue) }

// stddev returns the standard deviation of the estimate.
func (e *delayEstimator) stddev() float64 { return math.Sqrt(e.variance) }

// shift moves the latency of all operations: what looked like a queue is the server's own
// time, or the other way round.
func (e *delayEstimator) shift(by float64) {
	for _, l := range e.ops {
		l.mean = max(0, l.mean+by)
	}
	for key, b := range e.known {
		b.Mean = max(0, b.Mean+by)
		e.known[key] = b
	}
	e.queue -= by
	e.service = max(0, e.service+by)
	e.forget()
}

// left sums up the last probe: how much longer its answers took than known, with the
// standard deviation of that. If there were precise operations, only these count.
func (e *delayEstimator) left() (left, stddev float64, precise, ok bool) {
	for _, precise := range []bool{true, false} {
		var sum, weight float64
		for _, l := range e.ops {
			if n := l.probed.n; n > 0 && l.precise() == precise {
				if precise {
					n = 1 // the least
				}
				sum += n / l.noise() * (l.estimate() - l.mean)
				weight += n / l.noise()
			}
		}
		if weight > 0 {
			return sum / weight, 1 / math.Sqrt(weight), precise, true
		}
	}
	return 0, 0, false, false
}

// settle learns from the last probe what the precise operations take, or the others, given
// that the server added queued seconds to each answer.
func (e *delayEstimator) settle(precise bool, queued float64) {
	for _, l := range e.ops {
		if l.probed.n > 0 && l.precise() == precise {
			l.settle(queued)
		}
	}
}

// probed reports whether the last probe had an answer.
func (e *delayEstimator) probed() bool {
	for _, l := range e.ops {
		if l.probed.n > 0 {
			return true
		}
	}
	return false
}

// forget clears the answers of the last probe.
func (e *delayEstimator) forget() {
	for _, l := range e.ops {
		l.probed = sample{}
	}
}

// Weight returns that of an estimate with this standard deviation, which may have changed
// for age since: 1/variance, in 1/s².
func Weight(stddev, age time.Duration) float64 {
	return 1 / (math.Pow(stddev.Seconds(), 2) + processNoise*processNoise*age.Seconds())
}
