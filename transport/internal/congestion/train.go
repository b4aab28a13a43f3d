package congestion

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A train is what we send at once after a probe. A saturated server lets its requests go
// 1/R apart, one that is merely slow lets them go together; that holds whatever they take,
// and whatever was before. (Packet pairs: Keshav, 1991.) A leaky release spreads trains
// without a queue, and there they say nothing.
type train struct {
	from   gate.Instant // when the last one may begin; 0: there is none
	wanted bool         // it is worth its price
	sent   int          // its requests

	// Of its precise answers so far: how late they came, in seconds, weighted by 1/noise.
	n, weights, weightsSquared, sum, squares float64

	// Of all trains, old ones weigh less:
	spread   float64 // how far apart the answers came, beyond the noise
	weight   float64 // the spread to be expected of 1/R between requests
	least    float64 // the same if those without a precise answer were the outermost
	variance float64 // the variance of spread
	leaky    bool
}

const (
	// trainWithin is in what time after a probe a train is sent, and trainLen how many
	// requests it has at most: so many that one train tells. (Measured in .ci/lab.)
	trainWithin = 60 * time.Millisecond
	trainLen    = 8

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

	// If hardly a delay was left, littleLeft seconds, a train that is spread nevertheless is
	// one of a leaky release. (Measured in .ci/lab.)
	littleLeft = 0.2

	// apartNeed is by how much more evidence against a queue must be if trains say that there
	// is one. (Measured in .ci/lab.)
	apartNeed = 2.5
)

// begin starts a train at the end of a probe.
func (t *train) begin(end gate.Instant, wanted bool) {
	old := *t
	*t = train{from: end, wanted: wanted, spread: old.spread, weight: old.weight, least: old.least, variance: old.variance, leaky: old.leaky}
}

// includes reports whether a request sent then is part of the train.
func (t *train) includes(sent gate.Instant) bool {
	return !t.from.IsZero() && !sent.Before(t.from) && sent.Before(t.from.Add(trainWithin))
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
		t.leaky = spread > spreadHalf*weight
		t.reset()
		return
	}
	t.spread += spread
	t.weight += weight
	t.least += part * (t.n*t.n - 1)
	t.variance += 2 * (t.n - 1)
}

// apart reports whether trains say that the server is saturated, together whether they say
// that it is not. Neither holds while they say nothing. A leaky release never lets requests go
// together, so the latter holds for it too.
func (t *train) apart() bool {
	return !t.leaky && t.spread-apartStddevs*math.Sqrt(t.variance) > spreadHalf*t.weight
}

func (t *train) together() bool {
	return t.spread+togetherStddevs*math.Sqrt(t.variance) < spreadHalf*t.least
}

func (t *train) reset() { t.spread, t.weight, t.least, t.variance = 0, 0, 0, 0 }
