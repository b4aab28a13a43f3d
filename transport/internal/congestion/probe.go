package congestion

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A judgment is what the probes so far say about the latencies.
type judgment struct {
	known bool // a probe has had an answer

	due    gate.Instant // when the last probe is judged; 0: it has been
	before float64      // the delay when it began, in seconds
	rate   float64      // the requests a second that we sent before it

	fell, ours   float64 // how far delays fell in probes, and our part of them; see stand
	fallVariance float64 // the variance of fell
	stood        float64 // seconds that stayed in the last probe and belong to closed loops
	proof        evidence
	full         bool // the queue stayed full in the last probe
	train        train
}

// An evidence is a mean, weighted by precision, of how many seconds of the delay are the
// server's own time and no queue. Old probes weigh less.
type evidence struct{ weight, sum float64 }

const (
	// settled is for how long after the end requests still belong to the probe: those that
	// follow have not yet built up a queue. (Measured in .ci/lab.)
	settled = 400 * time.Millisecond

	// A probe is judged judgedAfter and half the service and the delay after its end, when its
	// requests have been answered. (Measured in .ci/lab.)
	judgedAfter = 1.0

	// A delay that grew in a probe by more than grewBy seconds and grewStddevs standard
	// deviations was made by others, and says nothing. (Statistics.)
	grewBy, grewStddevs = 0.25, 2

	// fallNoise, in seconds, is what a fall is uncertain by at least, and othersNoise how much
	// of the variance of a Poisson process others' requests add. (Statistics; the part was
	// measured in .ci/lab.)
	fallNoise, othersNoise = 0.03, 0.7

	// elasticKeeps is what a probe leaves of older falls, proofKeeps of older evidence.
	// (Measured in .ci/lab.)
	elasticKeeps, proofKeeps = 0.7, 0.8

	// Others are closed loops if the delay falls by closedFall of our part or less, open ones
	// if by openFall of it or more. (Measured in .ci/lab.)
	closedFall, openFall = 1.2, 1.5

	// The delay counts as the server's own time if the evidence exceeds provenLeast seconds and
	// proven standard deviations, noisyNeed of them if the operations are not precise, and the
	// last probe shows provenPart of it. (Measured in .ci/lab: with 2.5 for both, others wait 0.88 s
	// in random mixes instead of 0.76 s.)
	provenLeast, proven, noisyNeed, provenPart = 0.15, 2.5, 4.0, 0.5

	// Until then, operations that are not precise learn what the evidence exceeds noisyProven
	// standard deviations by; our part counts as noisyLeast of the limit at least, or the noise would be
	// all. (Measured in .ci/lab: if they learn all that is left in a probe, what others have queued
	// then counts as their own time, and others wait 2.5 s in random mixes of slow calls instead
	// of 1.2 s. Without the least, 0.04 more is left unused after an API has become slower.)
	noisyProven, noisyLeast = 0.5, 1.0 / 3

	// suspectLeast, in seconds, is the delay of a probe that may be the server's own time.
	// (Measured in .ci/lab.)
	suspectLeast = 0.2

	// shiftAfter is how long after a 429 nothing counts as the server's own time: its queue
	// was full. (Judgement.)
	shiftAfter = time.Minute

	// crowdedLeft, in seconds, is what stays in a probe if others keep the queue full: two
	// thirds of a full queue. (Judgement.)
	crowdedLeft = 4.5

	// Evidence against is kept down to a weight of mostAgainst, 1/s², so that a server that
	// becomes slower later is found as fast. (Measured in .ci/lab.)
	againstPart, mostAgainst = 0.1, 4
)

// includes reports whether a request sent then tells what its operation takes without a
// queue of ours. Of a precise operation the least of a probe counts, so any part of it
// will do.
func (p Probe) includes(sent gate.Instant, l *latency) bool {
	from := p.Tail
	if l.precise() {
		from = p.From
	}
	return !sent.Before(from) && sent.Before(p.Until.Add(settled))
}

// begin notes what was before a probe.
func (j *judgment) begin(p Probe, delay, rate, service float64) {
	j.due = p.Until.Add(seconds(judgedAfter + service/2 + delay))
	j.before, j.rate = delay, rate
}

// judge draws the conclusion from the last probe, once it is due.
func (w *Window) judge(now gate.Instant) {
	j := &w.judgment
	if j.due.IsZero() || now.Before(j.due) {
		return
	}
	j.due = 0
	j.known = j.known || w.delay.probed()
	left, stddev, precise, ok := w.delay.left()
	j.full = ok && left > crowdedLeft || !ok && w.delay.delay() > crowdedLeft
	if !j.full {
		w.refused, w.state.Bearable = pace{span: overloadSpan}, now
	}
	switch {
	case ok && precise:
		w.conclude(now, left, stddev)
	case ok:
		w.doubted = false
		excess, _ := j.prove(w.limit, noisyLeast*w.limit, left, stddev)
		service := j.proof.mean()
		if w.proven(now, excess, noisyNeed) {
			w.slower(service)
		} else {
			w.delay.settle(false, max(0, left-max(0, service-noisyProven*j.proof.stddev())))
		}
	}
	w.delay.forget()
}

// conclude learns from the delay that was left in a probe, in seconds. It says nothing of a
// queue if it grew, and the server has become faster if it is negative.
func (w *Window) conclude(now gate.Instant, left, stddev float64) {
	j := &w.judgment
	if left > j.before+grewBy+grewStddevs*stddev {
		w.standing = min(w.standing, j.before)
		return
	}
	w.delay.settle(false, max(0, left))
	if left < -(certain*stddev + certainMargin) {
		w.delay.shift(left)
		w.standing = 0
		return
	}
	w.weigh(now, left, stddev)
}

// weigh decides how much of the delay that was left in a probe, in seconds, is the server's
// own time.
//
// In a probe at least our own part of a queue must go: of a delay q we make x/R, if we send
// x and the server processes R. It falls by F, which is at least q·x/R and at most q. So q
// is between F and F·R/x, and what exceeds F·R/x is no queue but the server's own time. That
// holds for any others, also closed loops, whose requests stay, and needs no baseline.
func (w *Window) weigh(now gate.Instant, left, stddev float64) {
	j := &w.judgment
	j.train.end(w.limit, left)
	excess, variance := j.prove(w.limit, leastProbed, left, stddev)
	w.stand(left, variance)
	need := proven
	if j.train.apart() {
		need *= apartNeed
	}
	w.doubted = w.doubted && left > suspectLeast && !j.train.apart() && !j.train.together()
	switch {
	case w.calm(now) && j.train.together() && excess > suspectLeast:
		w.slower(left)
	case w.proven(now, excess, need):
		w.slower(j.proof.mean())
	case left <= followWithin:
		w.delay.settle(true, 0)
	}
}

// proven reports whether the evidence says that the delay is the server's own time, by more than
// need standard deviations, and the last probe agrees.
func (w *Window) proven(now gate.Instant, excess, need float64) bool {
	proof := &w.judgment.proof
	service := proof.mean()
	return w.calm(now) && excess > provenPart*service && service > max(provenLeast, need*proof.stddev())
}

// calm reports whether there was no 429 for long.
func (w *Window) calm(now gate.Instant) bool { return now.Sub(w.limited) > shiftAfter }

// prove adds to the evidence what of the delay is no queue, at least: what is left beyond what
// would be if our own part had gone, which is of least requests a second at least. It returns
// that, and the variance of the delay's fall.
func (j *judgment) prove(limit, least, left, stddev float64) (excess, variance float64) {
	rate := min(limit, max(least, j.rate))
	part := limit / rate
	excess = min(left, j.before-(j.before-left)*part)
	others := othersNoise * (limit - rate) * (leastRecent + j.before) / (limit * limit)
	variance = stddev*stddev + fallNoise*fallNoise + others
	j.proof.add(excess, part*part*variance)
	return excess, variance
}

// slower takes so much of the delay for the server's own time.
func (w *Window) slower(by float64) {
	j := &w.judgment
	w.delay.shift(by)
	w.standing, j.stood = max(0, w.standing-by), max(0, j.stood-by)
	j.proof = evidence{}
	j.train.reset()
	w.state.slower(by, w.delay.service)
}

// leastProbed, in requests a second, is the least rate before a probe from which our part of
// the delay can be computed. (Judgement.)
const leastProbed = 0.5

// stand learns how much of the delay belongs to closed loops: what was left in the last
// probes, if the delays fell by no more than our own part.
func (w *Window) stand(left, variance float64) {
	j := &w.judgment
	j.fell = elasticKeeps*j.fell + j.before - left
	j.ours = elasticKeeps*j.ours + j.rate/w.limit*j.before
	j.fallVariance = elasticKeeps*elasticKeeps*j.fallVariance + variance
	margin := math.Sqrt(j.fallVariance)
	closed := max(0, min(1, (openFall*j.ours+margin-j.fell)/((openFall-closedFall)*j.ours+margin)))
	stand := max(0, left) * closed
	w.standing = min(stand, max(j.stood, stand/2))
	j.stood = stand
}

// add takes in a measurement with its variance.
func (e *evidence) add(excess, variance float64) {
	e.weight = proofKeeps*e.weight + 1/variance
	e.sum = proofKeeps*e.sum + excess/variance
	if e.sum < againstPart*e.weight && e.weight > mostAgainst {
		e.sum, e.weight = e.sum*mostAgainst/e.weight, mostAgainst
	}
}

func (e *evidence) mean() float64 {
	if e.weight == 0 {
		return 0
	}
	return e.sum / e.weight
}

// stddev returns the standard deviation of the mean; +Inf without evidence.
func (e *evidence) stddev() float64 { return 1 / math.Sqrt(e.weight) }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
