package congestion

import (
	"encoding/json"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A State is what the controller remembers from one Step to the next. It is a plain value:
// a process alone keeps it in memory, by its own clock; processes that share a limit keep
// it between them as JSON, by the clock of its keeper.
type State struct {
	Version int          `json:"version"` // stateVersion
	At      gate.Instant `json:"at"`      // the last step

	Mode Mode    `json:"mode"` // Opening, Steady or Competing
	Size float64 `json:"size"` // how many requests may be in flight outside of probes, 1 at least
	Peak float64 `json:"peak"` // the most in flight recently
	Calm float64 `json:"calm"` // the size that suffices when the server adds no delay

	Short    bool         `json:"short"`    // a request had to wait for room since Resized
	Resized  gate.Instant `json:"resized"`  // when the size was adjusted last
	Narrowed gate.Instant `json:"narrowed"` // when it last shrank for a delay
	Limited  gate.Instant `json:"limited"`  // the last 429 that is taken in
	Cut      gate.Instant `json:"cut"`      // the last 429 that has cut the size
	Bearable gate.Instant `json:"bearable"` // when others last did not send more than the server takes

	Probe Probe `json:"probe"`

	// What follows is adjusted for processes together, and means nothing to one alone.
	Answers int64        `json:"answers"` // at the last step
	Done    float64      `json:"done"`    // answers since Counted
	Counted gate.Instant `json:"counted"` // when Served was computed last
	Served  float64      `json:"served"`  // answers a second
	Rate    float64      `json:"rate"`    // requests a second that all processes may send
}

// A Probe lets only one of our requests be in flight for a moment, so that our part of the
// server's queue empties, to measure what operations take without it: BBR's ProbeRTT. (It
// is not the half-open probe that follows a pause.) Without probes either a queue that
// stands for long becomes the normal latency, and grows, or an API that has become slower
// for good reads as a queue, and starves us. Uncoordinated processes all probe at the same
// times of the wall clock, or each would see the others' queue.
type Probe struct {
	Next  gate.Instant `json:"next"` // when another one is due
	From  gate.Instant `json:"from"` // of the last one
	Tail  gate.Instant `json:"tail"` // from when on our queue should be empty
	Until gate.Instant `json:"until"`
}

// Active reports whether the probe lasts.
func (p Probe) Active(now gate.Instant) bool { return now.Before(p.Until) }

// Scope says for whom a State is.
type Scope struct {
	Limit  float64 // requests a second, of all of them together
	Shared bool    // for several processes
}

// An Observation is what is measured when a step is due. Times are by the keeper's clock.
type Observation struct {
	Delay    float64 // that the server adds, in seconds; 0 or more
	Stddev   float64 // of Delay; 0: nothing has been measured
	Service  float64 // what requests take without Delay, in seconds, the mean
	Baseline bool    // a probe has measured that

	Sending    float64 // requests a second, now
	Answered   float64 // answers a second, now; not used if shared
	Throughput float64 // requests a second over meterSpan; not used if shared
	Refused    float64 // answers 429 a second over overloadSpan, since a probe found the queue not full
	Served     float64 // other answers a second over overloadSpan
	Standing   float64 // seconds of Delay that stay when we send nothing
	Scavenge   bool    // no work waits but what yields to everybody

	InFlight  float64      // requests now
	Peak      float64      // the most since the last step
	Answers   int64        // so far; only the difference to the last step counts
	Short     bool         // a request has had to wait for room since the last step
	Lacking   bool         // one has recently, see lackedWithin
	Limited   gate.Instant // the last 429
	Paused    bool         // a 429 holds all requests back
	NextProbe gate.Instant // the next time at which all processes probe, see NextProbe
}

const (
	// stateVersion changes with the meaning of a State's fields.
	stateVersion = 2

	// clockStep is how far a State may be ahead of the clock before the clock must have been
	// set back, so that no time in it means anything. (Judgement.)
	clockStep = time.Second

	// startSize, in requests, is small: beside other programs the free part must be found
	// out first. (Half a second of the limit; judgement.)
	startSize = 8

	// startServed and startRate, as parts of the limit, are what processes together start
	// from until they have measured. (Judgement.)
	startServed, startRate = 0.5, 0.7
)

// Start returns the State to begin with.
func Start(now gate.Instant, scope Scope, answers int64) State {
	return State{
		Version: stateVersion, At: now, Mode: Opening, Size: startSize, Bearable: now,
		Answers: answers, Counted: now, Served: startServed * scope.Limit, Rate: startRate * scope.Limit,
	}
}

// Parse returns the State that text holds. It reports false if text is of another version or
// makes no sense: then Start is the way on.
func Parse(text string) (s State, ok bool) {
	err := json.Unmarshal([]byte(text), &s)
	return s, err == nil && s.valid()
}

func (s State) valid() bool {
	known := s.Mode == Opening || s.Mode == Steady || s.Mode == Competing
	sane := s.Size >= 1 && min(s.Peak, s.Calm) >= 0 && max(s.Size, s.Peak, s.Calm) <= maxSize &&
		min(s.Done, s.Served) >= 0 && s.Rate > 0 && max(s.Done, s.Served, s.Rate) <= maxSize
	soon := s.At.Add(clockStep)
	timely := s.Probe.Next <= soon.Add(overloadProbes*probeEvery) && s.Probe.Until <= soon.Add(seconds(probeMax)) &&
		max(s.Resized, s.Narrowed, s.Limited, s.Cut, s.Bearable, s.Counted) <= soon &&
		min(s.At, s.Resized, s.Narrowed, s.Limited, s.Cut, s.Bearable, s.Counted, s.Probe.Next, s.Probe.From, s.Probe.Tail, s.Probe.Until) >= 0
	return s.Version == stateVersion && known && sane && timely
}

// maxSize, in requests, is beyond what any limit can need. (Judgement.)
const maxSize = 1e12

// String returns the State as JSON.
func (s State) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // it has neither NaN nor infinity
	}
	return string(text)
}

// Due reports whether processes together should make a step, given the last 429. It is for
// those that look often; a process alone makes a step with each answer.
func (s State) Due(now, limited gate.Instant) bool {
	since := now.Sub(s.At)
	return since >= shareEvery || since < -clockStep || limited.After(s.Limited)
}

// NextProbe returns the next common time of the wall clock for probes, as a time of a clock
// that now and wall both show.
func NextProbe(now gate.Instant, wall time.Time) gate.Instant {
	return nextProbe(now, wall, probeEvery)
}

func nextProbe(now gate.Instant, wall time.Time, every time.Duration) gate.Instant {
	return now.Add(wall.Truncate(every).Add(every).Sub(wall))
}

// room returns how many requests may be in flight.
func (s *State) room(now gate.Instant) int {
	if s.Probe.Active(now) {
		return 1
	}
	return max(1, int(s.Size))
}
