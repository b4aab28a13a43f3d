package congestion

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

const (
	// leastQueued is how many of our requests are to wait in the server's queue, so that no
	// gap between others' requests is left unused, and scavengeQueued the same while we
	// yield to everybody. (Measured in .ci/lab: with 0.6 bursts leave 0.30 of what is free
	// unused, with 1.5 others wait 0.29 s instead of 0.20 s. Of the second, 0.5 makes others wait
	// 0.21 s instead of 0.17 s; see doc.go for 0.2.)
	leastQueued, scavengeQueued = 1.0, 0.3

	// yieldDelay, in seconds, is the delay above which the target shrinks in proportion:
	// otherwise the delay would grow with the number of uncoordinated processes, each of
	// which keeps its target. Processes together have one target, and do not yield.
	// (Measured in .ci/lab.)
	yieldDelay = 1.5

	// Beside closed loops, whose requests stay in the queue whatever we do, a share of the
	// server costs the same share of its queue: sharePart of theirs is our target, and
	// mostQueued the bound of that, 1.1 s at 15 a second. (Measured in .ci/lab.)
	sharePart, mostQueued = 0.7, 16

	// leastDelay, in seconds, keeps the yield away from a division by zero. (Judgement; far
	// below yieldDelay.)
	leastDelay = 0.01

	// steerEvery is how often the size is adjusted. It is slow on purpose: a change shows in
	// the delay when the requests that are sent now have been answered. (Judgement.)
	steerEvery = 500 * time.Millisecond

	// The size shrinks at most once in narrowEvery seconds and narrowPerDelay of the delay,
	// by narrowPart of what is too much: by less, narrowDamped, where slow and noisy
	// operations show a change late. noisy, in seconds, is the standard deviation that counts
	// as such. (Measured in .ci/lab: with 0.7 bursts leave 0.06 of what is free unused, with 0.35
	// others wait 1.3 s beside a square wave instead of 1.1 s.)
	narrowEvery, narrowPerDelay     = 0.5, 0.7
	narrowPart, narrowDamped, noisy = 0.5, 0.3, 0.3

	// The size grows, a second, by widenPart of what is missing, by widenSize of itself, or to
	// what sufficed in calm, whichever is most: less where answers are slow and show it late, but
	// by widenLeast while nothing of ours waits, if they take widenSlow seconds. (Measured in
	// .ci/lab: without the memory of the calm size a square wave leaves 0.07 of what is free unused;
	// without the least, slow operations need minutes after an opening that ended early. With it
	// for fast ones too, others wait half as long again in random mixes.)
	widenPart, widenSize  = 0.5, 0.1
	widenLeast, widenSlow = 1.0, 3.0

	// calmUp and calmDown, in seconds, are the time constants of that memory. (Measured in
	// .ci/lab.)
	calmUp, calmDown = 2.0, 40.0

	// openUntil is how many of ours must wait at the server to end the opening: then others
	// use the tenant. That must be certain to openStddevs standard deviations. (Measured in
	// .ci/lab.)
	openUntil, openStddevs = 4, 2

	// The rate never falls below leastShare of the limit, since without requests there is
	// nothing to measure, or below leastCrowded at a delay of crowdedDelay seconds: others
	// keep the queue full whatever we do. (Measured in .ci/lab; leastCrowded at any delay
	// fills the queue beside strangers that use 0.9 of the limit.)
	leastShare, leastCrowded, crowdedDelay = 1.0 / 30, 2.0 / 15, 5.0

	// A 429 multiplies the size by cutBy, at most once in cutEvery: the 429s of one moment
	// are one piece of news. (Simulated; TCP CUBIC, RFC 9438, and AWS's SDKs multiply by
	// 0.7.)
	cutBy, cutEvery = 0.6, 2 * time.Second

	// In overload others fill the queue again as soon as there is a place: a pause or a smaller
	// size would only starve us. Then attempts come at overloadPart of the limit, and as many
	// are in flight as that rate needs when each waits overloadDelay seconds, the longest wait
	// in a full queue. (Measured in .ci/lab.)
	overloadPart, overloadDelay, overloadMargin = 0.22, 7.0, 4

	// afterProbe is for how long after a probe the requests in flight are too few to
	// steer by. (Judgement.)
	afterProbe = 500 * time.Millisecond

	// We are alone if so much of the limit is answered lately: what is measured as a delay is
	// noise then. Where the noise is large, noisyAlone seconds, less is enough, or aloneAt of the
	// limit sent over meterSpan; otherwise to send at the limit does not prove that nobody
	// else does, since the queue may be growing. (Measured in .ci/lab.)
	answeredAlone, answeredNoisy, aloneAt, noisyAlone = 0.92, 0.85, 0.9, 0.15

	// While no request waits for room, the size is at most growthPart of the most in flight
	// and growthMargin more: a size that has never been tried would have to shrink all the way
	// when others come. peakSpan is the steps over which that most is forgotten: calls of unlike length
	// need more at one time than at another. (Measured in .ci/lab: with 1.1, 4 and 20 a process alone
	// with mixed calls uses 0.984 of the limit instead of 0.990. No other row changes.)
	growthPart, growthMargin, peakSpan = 1.3, 8, 60

	// The size is bounded by what is being processed at the full rate, by Little's law,
	// busyStddevs standard deviations of a Poisson process and busyMargin requests more: all
	// that the limit could use without a queue. (Queueing theory; the margin is 1.3 s of the
	// limit.)
	busyStddevs, busyMargin = 4, 20

	// leastRate, in requests a second, is the least for Little's law: without requests it
	// would find no queue at any delay. (Judgement.)
	leastRate = 0.1
)

// Probes.
const (
	// probeEvery is no part of a minute or half a minute, when scheduled jobs start. (BBR
	// probes each 10 s.)
	probeEvery = 17 * time.Second

	// Probes are overloadProbes times as rare in overload. (Measured in .ci/lab.)
	overloadProbes = 3

	// Between two probes pass at least probeGap seconds and probeGapPerDelay of the delay.
	// (Measured in .ci/lab.)
	probeGap, probeGapPerDelay = 2.0, 1.5

	// probeMin, probeFirst and probeMax bound the length of a probe, in seconds. A shorter
	// one sends too few requests to learn from; the first one lasts longer as nothing is
	// known yet; the longest is what a full queue needs to drain, 6.7 s by Aprimo's
	// documented limits. Between them it lasts probeBase and probePerDelay times the delay.
	// (Measured in .ci/lab.)
	probeMin, probeFirst, probeMax = 1.0, 5.0, 7.0
	probeBase, probePerDelay       = 0.5, 2.0

	// Our queue is empty after tailBase, in seconds, and tailPart of what the probe lasts
	// beyond probeBase. (Measured in .ci/lab.)
	tailBase, tailPart = 0.2, 0.7

	// overdue is how late a probe may begin and still end when those of other processes do.
	// (Judgement.)
	overdue = 2 * time.Second
)

// The rate of processes together.
const (
	// shareEvery is the least time between two steps. Each process looks ten times a second,
	// so the steps of several need a bound of their own. (Judgement.)
	shareEvery = 50 * time.Millisecond

	// servedEvery is the least time over which answers are counted, servedMost the longest
	// that counts after a silence, and servedSpan, in seconds, the time constant of the
	// average: it is long against the 67 ms between two answers at 15 a second and short
	// against a probe. (Judgement.)
	servedEvery, servedMost = 200 * time.Millisecond, 5 * time.Second
	servedSpan              = 3.0

	// fillTime, in seconds, is in what time the rate makes the requests in flight as many
	// as the size. A window shared over a network would need a round trip for each
	// request; a rate needs none. (Judgement.)
	fillTime = 1.0

	// leastPart is the part of the limit that the rate never falls below, so that there are
	// answers to measure. (Judgement.)
	leastPart = 0.1

	// fullPart is the part of the limit from which on the rate does not bind: it absorbs
	// rounding. (Judgement.)
	fullPart = 0.999
)

// Step returns the State after s, given what is measured now. It depends on nothing else.
func (s State) Step(now gate.Instant, scope Scope, o Observation) State {
	if now.Before(s.At.Add(-clockStep)) {
		s = Start(now, scope, o.Answers)
	}
	answers := max(0, o.Answers-s.Answers)
	s.At, s.Answers = max(s.At, now), o.Answers
	s.Peak = max(s.Peak, o.Peak)
	s.Short = s.Short || o.Short
	if scope.Shared {
		s.count(now, answers)
		o.Answered, o.Throughput = 0, s.Served
	}
	if o.open(scope.Limit) {
		o.Standing = 0
	}
	alone := o.alone(scope.Limit)
	s.compete(now, scope, o)
	if o.Limited.After(s.Limited) && !o.Limited.After(now) {
		s.limit(scope, o)
	} else {
		s.schedule(now, o, alone)
		s.steer(now, scope, o, alone, float64(answers))
	}
	s.Size, s.Peak, s.Calm = min(s.Size, maxSize), min(s.Peak, maxSize), min(s.Calm, maxSize)
	if scope.Shared {
		s.Rate = s.rate(now, scope, o)
	}
	return s
}

// rate returns that of processes together.
func (s State) rate(now gate.Instant, scope Scope, o Observation) float64 {
	if s.Mode == Competing {
		return overloadPart * scope.Limit
	}
	rate := s.Served + (float64(s.room(now))-o.InFlight)/fillTime
	return max(leastPart*scope.Limit, min(rate, scope.Limit))
}

// count measures the answers a second.
func (s *State) count(now gate.Instant, answers int64) {
	s.Done += float64(answers)
	since := now.Sub(s.Counted)
	if since >= 0 && since < servedEvery {
		return
	}
	long := max(servedEvery, min(since, servedMost)).Seconds()
	s.Served += (s.Done/long - s.Served) * min(1, long/servedSpan)
	s.Done, s.Counted = 0, now
}

// limit shrinks the size after a 429: the server's queue is full.
func (s *State) limit(scope Scope, o Observation) {
	s.Limited = o.Limited
	if o.Limited.Sub(s.Cut) < cutEvery {
		return
	}
	s.Cut = o.Limited
	if s.Mode == Competing {
		return
	}
	s.Mode = Steady
	if scope.Shared { // the rate binds, so the size may be far above what is in flight
		s.Size = min(s.Size, o.InFlight)
	}
	s.Size = max(1, s.Size*cutBy)
}

// schedule begins a probe when one is due and there is something to find out: a delay,
// or, before the first probe, why requests wait for room.
func (s *State) schedule(now gate.Instant, o Observation, alone bool) {
	due := s.Probe.Next
	if now.Before(due) {
		return
	}
	s.Probe.Next = o.NextProbe
	if due.IsZero() || !o.Lacking || o.Paused || alone || now.Sub(s.Probe.Until) < seconds(probeGap+probeGapPerDelay*o.Delay) {
		return
	}
	if o.Delay < calmDelay && o.Baseline {
		return
	}
	if now.Sub(due) > overdue {
		due = now // no request was sent at the time
	}
	long := min(probeMax, max(probeMin, probeBase+probePerDelay*o.Delay))
	if !o.Baseline && o.Service < probeFirst/2 {
		long = max(long, probeFirst)
	}
	s.Probe.From, s.Probe.Until = now, due.Add(seconds(long))
	s.Probe.Tail = due.Add(seconds(tailBase + tailPart*(long-probeBase)))
	if s.Mode == Opening {
		s.Mode = Steady
	}
}

// steer changes the size.
func (s *State) steer(now gate.Instant, scope Scope, o Observation, alone bool, answers float64) {
	if now.Before(s.Probe.Until.Add(afterProbe)) || o.Paused {
		return
	}
	queued, stddev := o.queued(scope.Limit)
	if s.Mode == Opening {
		s.open(queued-openStddevs*stddev > openUntil && o.Stddev > 0, answers)
	}
	since := now.Sub(s.Resized)
	if since >= 0 && since < steerEvery {
		return
	}
	s.Resized = now
	if s.Mode != Competing {
		s.resize(now, min(1, max(0, since.Seconds())), scope, o, alone)
		s.bound(scope, o)
	}
	s.Peak -= (s.Peak - o.InFlight) / peakSpan
	s.Short = false
}

// resize brings our share of the server's queue between its targets, since dt seconds have
// passed. What is uncertain widens the band between them.
func (s *State) resize(now gate.Instant, dt float64, scope Scope, o Observation, alone bool) {
	queued, stddev := o.queued(scope.Limit)
	extra := min(stddev, stddev*stddev)
	low := scope.target(o) + extra
	high := low + extra
	s.remember(dt, queued < high)
	switch {
	case queued > high && !alone:
		if now.Sub(s.Narrowed) < seconds(narrowEvery+narrowPerDelay*o.Delay) {
			return
		}
		s.Narrowed = now
		s.Size -= narrowPart * (queued - high) / (1 + narrowDamped*o.Service*min(1, o.Stddev/noisy))
	case queued < low && s.Short && s.Mode == Steady:
		part, least := 1-queued/low, widenLeast*min(1, o.Service/widenSlow)
		if o.Scavenge {
			least = 0
		}
		s.Size += dt * max(least*part, max(widenPart*(low-queued), widenSize*s.Size*part, (s.Calm-s.Size)*part)/(1+o.Service))
	}
}

// remember learns the size that suffices in calm, or forgets it slowly.
func (s *State) remember(dt float64, calm bool) {
	used := min(s.Size, s.Peak)
	switch {
	case used < s.Calm:
		s.Calm -= (s.Calm - used) * dt / calmDown
	case calm:
		s.Calm += (used - s.Calm) * dt / calmUp
	}
}

// slower makes room for requests that take so much longer, service seconds now.
func (s *State) slower(by, service float64) {
	if before := service - by; by > 0 && before > 0 {
		s.Size = max(s.Size, s.Calm*service/before)
	}
}

// target returns how many of our requests are to wait in the server's queue.
func (c Scope) target(o Observation) float64 {
	standing := min(o.Standing, o.Delay)
	yield := min(1, yieldDelay/max(leastDelay, o.Delay-standing))
	switch {
	case c.Shared:
		return leastQueued
	case o.Scavenge:
		return scavengeQueued * yield
	}
	return min(mostQueued, max(leastQueued*yield, sharePart*c.Limit*standing))
}

// floor returns the least rate, in requests a second.
func (c Scope) floor(o Observation) float64 {
	switch {
	case o.Scavenge:
		return 0
	case o.Delay > crowdedDelay && !c.Shared:
		return leastCrowded * c.Limit
	}
	return leastShare * c.Limit
}

// open grows with each answer, until there is a queue.
func (s *State) open(queue bool, answers float64) {
	if queue {
		s.Mode = Steady
	} else if s.Short {
		s.Size += answers
	}
}

// bound keeps the size from growing to what has never been tried, and from falling to what
// would starve us.
func (s *State) bound(scope Scope, o Observation) {
	if !s.Short {
		s.Size = min(s.Size, growthPart*s.Peak+growthMargin)
	}
	busy := scope.Limit * o.Service
	s.Size = max(s.Size, scope.floor(o)*(o.Service+o.Delay))
	s.Size = min(s.Size, busy+busyStddevs*math.Sqrt(busy)+busyMargin)
	s.Size = max(1, s.Size)
}

// open reports whether others are an open loop after all: they must make more of the delay than
// what stands.
func (o Observation) open(limit float64) bool {
	return o.Delay*(1-o.Sending/limit) > openPart*o.Standing+openLeast
}

// compete enters the mode Competing in overload, when others send more than the server takes, and
// leaves it after.
func (s *State) compete(now gate.Instant, scope Scope, o Observation) {
	if o.Refused*overloadSpan < overloadLeast || o.Refused < overloadAt*(o.Refused+o.Served) {
		s.Bearable = now
	}
	switch {
	case now.Sub(s.Bearable) > overloadFor:
		s.Mode = Competing
		s.Size = overloadPart*scope.Limit*(o.Service+overloadDelay) + overloadMargin
	case s.Mode == Competing:
		s.Mode, s.Size, s.Calm = Steady, 1, 1
	}
}

// queued returns how many of our requests wait in the server's queue, by Little's law, and
// the standard deviation of that.
func (o Observation) queued(limit float64) (queued, stddev float64) {
	x := max(leastRate, min(o.Sending, limit))
	return x * o.Delay, x * o.Stddev
}

// alone reports whether we obtain so much that no other program can matter, and what is
// measured as a delay may be noise.
func (o Observation) alone(limit float64) bool {
	return o.Answered > answeredAlone*limit ||
		o.Stddev >= noisyAlone && (o.Answered > answeredNoisy*limit || o.Throughput > aloneAt*limit)
}

// Binds reports whether the rate of processes together is below the limit.
func (s State) Binds(limit float64) bool { return s.Rate < fullPart*limit }
