package congestion

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

const (
	// queuedLow and queuedHigh are the target for our requests in the server's queue. Below
	// low, gaps between others' requests stay unused; above high, everybody waits longer
	// for no gain. They are the alpha and beta of TCP Vegas. (Simulated: beside 8 other
	// requests a second all of the free capacity is used, others wait 0.9 s, no 429.
	// Targets of 1 and 2 would make that 0.44 s, but use .947 of the limit alone with slow
	// operations, where the noise of the estimate exceeds the target.)
	queuedLow, queuedHigh = 3, 6

	// sharedLow and sharedHigh are the same for processes together. They measure more
	// answers, so the noise is lower, and one target holds for all of them. (Simulated:
	// others wait 0.57 s, all of the free capacity is used.)
	sharedLow, sharedHigh = 1.25, 3.25

	// yieldDelay, in seconds, is the delay above which the target of a process alone shrinks
	// in proportion: otherwise the delay would grow with the number of uncoordinated
	// processes, each of which keeps its target. Processes together have one target, and
	// do not yield. (Measured in .ci/lab.)
	yieldDelay = 1.5

	// leastDelay, in seconds, keeps the yield away from a division by zero.
	leastDelay = 0.01

	// steerEvery is slow on purpose: a change now shows in the delay when the requests that
	// are sent now have been answered.
	steerEvery = time.Second

	// steerPart is how much of a difference to the target a step removes, and steerLeast,
	// in requests, the least that it changes. (Simulated.)
	steerPart, steerLeast = 0.5, 1

	// A 429 multiplies the size by cutBy, at most once in cutEvery: the 429s of one moment
	// are one piece of news. (Simulated; TCP CUBIC, RFC 9438, and AWS's SDKs multiply by
	// 0.7.)
	cutBy, cutEvery = 0.6, 2 * time.Second

	// A delay of crowdedDelay, in seconds, for crowdedFor, although the size is at most
	// crowdedSize, is made by rivals that react to nothing but a 429: ten uncoordinated
	// processes of ours make 4 s. Then competingSeconds of the limit's rate are kept in
	// flight, until the delay falls below relaxedDelay. (Measured in .ci/lab. Simulated:
	// beside a client that keeps the queue full, 1.0 to 1.3 requests a second instead of
	// 0.3 to 0.5. Processes together do not compete: that has not been tried.)
	crowdedDelay, relaxedDelay = 5.0, 3.0
	crowdedFor                 = 30 * time.Second
	crowdedSize                = 4
	competingSeconds           = 1.8

	// afterProbe is for how long after a probe the requests in flight are too few to
	// steer by. (Judgement.)
	afterProbe = 500 * time.Millisecond

	// aloneAt is the part of the limit that we must obtain to conclude that no other program
	// matters: apparent delay is noise then. (Measured in .ci/lab.)
	aloneAt = 0.9

	// growthSlack, in requests, is how far above the most in flight the size may be while
	// no request waits for room, and peakSpan the steps over which that most is forgotten:
	// a size that has never been tried would have to shrink all the way when others come.
	// (Judgement.)
	growthSlack, peakSpan = 10, 10

	// The size is bounded by what is being processed at the full rate, by Little's law,
	// busyStddevs standard deviations of a Poisson process and busySlack requests more: all
	// that the limit could use without a queue. (Queueing theory; the slack is 1.3 s of the
	// limit.)
	busyStddevs, busySlack = 4, 20

	// leastRoundTrip, in seconds, and leastRate, in requests a second, keep Little's law
	// away from a division by zero.
	leastRoundTrip, leastRate = 0.02, 0.1
)

// Probes.
const (
	// probeEvery is no part of a minute or half a minute, when scheduled jobs start. (BBR
	// probes each 10 s.)
	probeEvery = 17 * time.Second

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
	// shareEvery is how often they make a step. Each of them looks ten times a second.
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

	// fullPart is the part of the limit from which on the rate does not bind.
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
	alone := o.Throughput > aloneAt*scope.Limit
	if scope.Shared {
		s.count(now, answers)
		alone = s.Served > aloneAt*scope.Limit
	}
	if o.Limited.After(s.Limited) && !o.Limited.After(now) {
		s.limit(scope, o)
	} else {
		s.schedule(now, o, alone)
		s.steer(now, scope, o, alone, float64(answers))
	}
	s.Size, s.Peak = min(s.Size, maxSize), min(s.Peak, maxSize)
	if scope.Shared {
		s.Rate = s.Served + (s.room(now)-o.InFlight)/fillTime
		s.Rate = max(leastPart*scope.Limit, min(s.Rate, scope.Limit))
	}
	return s
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
	if due.IsZero() || s.Mode == Competing || !o.Lacking || o.Paused || alone {
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
	s.Mode = Steady
}

// steer changes the size.
func (s *State) steer(now gate.Instant, scope Scope, o Observation, alone bool, answers float64) {
	if now.Before(s.Probe.Until.Add(afterProbe)) || o.Paused {
		return
	}
	queued, stddev := o.queuedShare(scope.Limit)
	if low, _ := scope.target(0); s.Mode == Opening {
		s.open(queued-stddev > low && o.Stddev > 0, answers)
	}
	if since := now.Sub(s.Resized); since >= 0 && since < steerEvery {
		return
	}
	s.Resized = now
	if !scope.Shared {
		s.compete(now, o.Delay)
	}
	s.resize(scope, o, queued, stddev, alone)
	s.bound(scope, o)
	s.Short = false
}

// resize brings our share of the server's queue between its targets. What is uncertain
// widens the band between them.
func (s *State) resize(scope Scope, o Observation, queued, stddev float64, alone bool) {
	low, high := scope.target(o.Delay)
	low, high = low+stddev/2, high+stddev
	switch {
	case s.Mode == Competing:
		s.Size = scope.Limit * (o.Service + competingSeconds)
	case queued > high && !alone:
		s.Size -= max(steerLeast, (queued-high)*steerPart)
	case queued < low && s.Short && s.Mode == Steady:
		s.Size += max(steerLeast, (low-queued)/(1+o.Service))
	}
}

// target returns how many of our requests are to wait in the server's queue.
func (c Scope) target(delay float64) (low, high float64) {
	if c.Shared {
		return sharedLow, sharedHigh
	}
	yield := min(1, yieldDelay/max(leastDelay, delay))
	return queuedLow * yield, queuedHigh * yield
}

// open grows with each answer, until there is a queue.
func (s *State) open(queue bool, answers float64) {
	if queue {
		s.Mode = Steady
	} else if s.Short {
		s.Size += answers
	}
}

// bound keeps the size from growing to what has never been tried.
func (s *State) bound(scope Scope, o Observation) {
	if !s.Short {
		s.Size = min(s.Size, max(startSize, s.Peak+growthSlack))
	}
	s.Peak -= (s.Peak - o.InFlight) / peakSpan
	if s.Mode != Competing {
		busy := scope.Limit * o.Service
		s.Size = min(s.Size, busy+busyStddevs*math.Sqrt(busy)+busySlack)
	}
	s.Size = max(1, s.Size)
}

// compete enters the mode Competing, or leaves it.
func (s *State) compete(now gate.Instant, delay float64) {
	switch {
	case delay < relaxedDelay || s.Mode != Competing && s.Size > crowdedSize:
		s.Crowded = 0
		if s.Mode == Competing {
			s.Mode, s.Size = Steady, startSize
		}
	case delay < crowdedDelay:
	case s.Crowded.IsZero():
		s.Crowded = now
	case now.Sub(s.Crowded) > crowdedFor:
		s.Mode = Competing
	}
}

// queuedShare returns how many of our requests wait in the server's queue, by Little's
// law, and the standard deviation of that.
func (o Observation) queuedShare(limit float64) (queued, stddev float64) {
	x := o.InFlight / max(leastRoundTrip, o.Service+o.Delay) // our rate, by the same law
	x = max(leastRate, min(x, limit))
	return x * o.Delay, x * o.Stddev
}

// Binds reports whether the rate of processes together is below the limit.
func (s State) Binds(limit float64) bool { return s.Rate < fullPart*limit }
