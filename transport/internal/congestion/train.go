package congestion

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A train is some requests that we send 1/R apart after a probe, also if the window has no room. At a
// saturated server each waits 1/R longer than the one before, at one that is merely slow all wait
// equally long; that holds whatever they take, and whatever was before. (Packet pairs: Keshav,
// 1991; there they are sent at once, but then a leaky release spreads them without a queue.) The
// first requests of a process are a train as they come.
type train struct {
	from gate.Instant  // when the last one began; 0: there is none
	gap  time.Duration // between its requests; 0: as they come
	sent int           // its requests

	// Of its precise answers so far: how late they came, in seconds, weighted by 1/noise.
	n, weights, weightsSquared, sum, squares float64

	// Of all trains, old ones weigh less:
	spread   float64 // how far apart the answers came, beyond the noise
	weight   float64 // the spread to be expected of 1/R between requests
	least    float64 // the same if those without a precise answer were the outermost
	variance float64 // the variance of spread
	leaky    bool    // the server spreads what is sent at once, also without a queue
}

const (
	// trainLen is how many requests a train has at most: so many that one train tells. trainWithin is by
	// how much they may be late together, or how far apart if they are sent as they come. (Measured in
	// .ci/lab: with 8 requests batch work uses 0.66 of what is free after an API with a leaky release has
	// become slower by 3 s, with 12 0.78.)
	trainLen    = 12
	trainWithin = 60 * time.Millisecond

	// A train is sent if the delay was at least trainFrom seconds and the probe has left
	// trainPart of it, unless trains tell already. (Measured in .ci/lab.)
	trainFrom, trainPart = 0.3, 0.7

	// trainOdds is the probability of a train: many processes that sent one each would fill
	// the queue. (Measured in .ci/lab of ten processes of batch work: with 1 others wait 2.7 s instead
	// of 1.5 s.)
	trainOdds = 1.0 / 3

	// A spread below spreadHalf of the least for 1/R, by togetherStddevs standard deviations,
	// shows that the server is not saturated; one above that of what is to be expected, by
	// apartStddevs, that it is. (Statistics: that the server is slower is concluded at once.)
	spreadHalf, togetherStddevs, apartStddevs = 0.5, 2, 1

	// If hardly a delay was left, littleLeft seconds, requests that were sent at once and come apart
	// nevertheless show a leaky release. (Measured in .ci/lab.)
	littleLeft = 0.2

	// apartNeed is by how much more evidence against a queue must be if trains say that there
	// is one. (Measured in .ci/lab.)
	apartNeed = 2.5
)

// begin starts a train whose requests are gap apart.
func (t *train) begin(from gate.Instant, gap time.Duration) {
	*t = train{from: from, gap: gap, spread: t.spread, weight: t.weight, least: t.least, variance: t.variance, leaky: t.leaky}
}

// until returns when the train ends.
func (t *train) until() gate.Instant { return t.from.Add(trainLen*t.gap + trainWithin) }

// includes reports whether a request sent then is part of the train.
func (t *train) includes(sent gate.Instant) bool {
	return !t.from.IsZero() && !sent.Before(t.from) && sent.Before(t.until())
}

// sends reports whether one more request is to be sent for the train.
func (t *train) sends(now gate.Instant) bool {
	return t.gap > 0 && t.sent < trainLen && t.includes(now)
}

// add records an answer of the train that came so many seconds late.
func (t *train) add(late, noise float64) {
	t.n++
	t.weights += 1 / noise
	t.weightsSquared += 1 / (noise * noise)
	t.sum += late / noise
	t.squares += late * late / noise
}

// late returns how late its answers came, in seconds.
func (t *train) late() float64 { return t.sum / t.weights }

// end evaluates the train, after a probe that left so much of the delay.
func (t *train) end(limit, left float64) {
	defer func() { t.from = 0 }()
	t.spread, t.weight, t.least, t.variance = t.spread*proofKeeps, t.weight*proofKeeps, t.least*proofKeeps, t.variance*proofKeeps*proofKeeps
	if t.from.IsZero() || min(t.n, float64(t.sent)) < 2 {
		return
	}
	k := float64(t.sent)
	spread := t.squares - t.sum*t.sum/t.weights - (t.n - 1)
	part := (t.weights - t.weightsSquared/t.weights) / (12 * limit * limit)
	weight := part * (k*k - 1)
	if left < littleLeft {
		t.leaky = t.gap == 0 && spread > spreadHalf*weight
		t.reset()
		return
	}
	if t.leaky && t.gap == 0 {
		return
	}
	t.spread += spread
	t.weight += weight
	t.least += part * (t.n*t.n - 1)
	t.variance += 2 * (t.n - 1)
}

// apart reports whether trains say that the server is saturated, together whether they say
// that it is not. Neither holds while they say nothing.
func (t *train) apart() bool {
	return t.spread-apartStddevs*math.Sqrt(t.variance) > spreadHalf*t.weight
}

func (t *train) together() bool {
	return t.spread+togetherStddevs*math.Sqrt(t.variance) < spreadHalf*t.least
}

func (t *train) reset() { t.spread, t.weight, t.least, t.variance = 0, 0, 0, 0 }
