package congestion

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A latency is the estimate of what one operation takes without a queue, in seconds.
type latency struct {
	mean, variance float64
	samples        float64 // the number behind the mean, up to oldSamples
	probed         sample  // in the last probe

	last   float64 // the previous answer
	lastAt gate.Instant
}

const (
	// youngSamples is the number of answers until which an operation is learnt from all of
	// them, less the delay estimated so far; afterwards only from answers without a queue.
	// It is also the span of the average behind the variance: twenty samples know a
	// standard deviation to 16 %. (Statistics.)
	youngSamples = 20

	// oldSamples bounds the memory of the mean: each sample weighs at least one part in
	// so many, so that the mean follows an API that changes. (Judgement; measured in
	// .ci/lab.)
	oldSamples = 60

	// preciseWithin, in seconds, is the standard deviation up to which the least of some
	// answers says more than their mean. A quarter of a second is four requests of queue
	// at 15 a second: noise above some half of that hides the queue that is aimed at.
	// (Measured in .ci/lab.)
	preciseWithin = 0.15

	// closeTogether is how far apart two answers may be whose difference is noise: the
	// queue changes little meanwhile, see processNoise. (Measured in .ci/lab.)
	closeTogether = 2 * time.Second

	// firstSpread is the standard deviation of an operation of which one answer is known,
	// as a part of what it took. (Judgement.)
	firstSpread = 0.25

	// outlier bounds what one pair of answers adds to the variance, as a multiple of the
	// variance: three standard deviations. (Statistics.)
	outlier = 9

	// noiseFloor, in seconds, and noiseShare, of the mean, are what the network and the
	// scheduler add at least to an operation's spread. (Judgement; measured in .ci/lab: with a
	// share of 0.05 operations that take 3 s longer than before are no longer precise, and random
	// mixes leave 0.006 more of what is free unused.)
	noiseFloor, noiseShare = 0.02, 0.03

	// followDown and followUp are how much of a difference a probe of a precise operation
	// corrects: a lower time proves itself, a higher one may be a queue of other programs,
	// which a probe does not empty. Above followWithin, in seconds, it is not learnt but
	// judged, see judge. (Measured in .ci/lab.)
	followDown, followUp, followWithin = 0.5, 0.05, 0.3
)

// begin starts from the first answer.
func (l *latency) begin(seconds float64) {
	l.mean, l.samples = max(0, seconds), 1
	l.variance = math.Pow(firstSpread*l.mean, 2)
}

func (l *latency) learn(seconds float64) {
	l.samples = min(l.samples+1, oldSamples)
	l.mean = max(0, l.mean+(seconds-l.mean)/l.samples) // seconds is below 0 where the delay is overestimated
}

// jitter learns the noise, with or without a queue, from the difference between two
// answers that follow each other closely: the time in the queue cancels out (von
// Neumann's estimator, 1941). The distance from the mean would make every operation look
// noisy as soon as the queue swings, and then none would be believed.
func (l *latency) jitter(seconds float64, now gate.Instant) {
	if now.Sub(l.lastAt) < closeTogether {
		square := (seconds - l.last) * (seconds - l.last) / 2
		floor := l.floor()
		l.variance += (min(square, outlier*max(l.variance, floor*floor)) - l.variance) / youngSamples
	}
	l.last, l.lastAt = seconds, now
}

// noise returns the variance of one answer.
func (l *latency) noise() float64 {
	floor := l.floor()
	return max(l.variance, floor*floor)
}

func (l *latency) floor() float64 { return noiseFloor + noiseShare*l.mean }

func (l *latency) precise() bool { return l.noise() < preciseWithin*preciseWithin }

// estimate returns what the operation takes by the last probe.
func (l *latency) estimate() float64 {
	if l.precise() {
		return l.probed.least + math.Sqrt(l.variance)
	}
	return l.probed.sum / l.probed.n
}

// settle learns from the last probe. For a precise operation it follows the lower
// envelope, since during a probe too there may be a queue of others; for the rest the
// mean, since the least of noisy answers says nothing.
func (l *latency) settle(queued float64) {
	off := l.estimate() - queued - l.mean
	switch {
	case !l.precise():
		l.samples = min(l.samples+l.probed.n, oldSamples)
		l.mean = max(0, l.mean+min(1, l.probed.n/l.samples)*off)
	case off < 0:
		l.mean += followDown * off
	case off < followWithin:
		l.mean += followUp * off
	}
}

// A sample sums up some answers, in seconds.
type sample struct{ n, sum, least float64 }

func (s *sample) add(seconds float64) {
	if s.n == 0 || seconds < s.least {
		s.least = seconds
	}
	s.n++
	s.sum += seconds
}
