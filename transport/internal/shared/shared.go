// Package shared has the data that processes with a shared limit exchange, and the interface that
// a Transport uses for it.
package shared

import (
	"context"
	"time"
)

// A Limiter is a transport.Limiter whose limit several processes share; package
// redislimit has one. Besides slots they share what they measure: a 429 of one process
// pauses all of them, and one rate follows the delays that all of them measure.
// While the others can be reached, the Transport's own window does not bind; otherwise
// each process uses its part of the limit and its own window.
//
// Its methods, except Wait and Slot, return at once. All are safe for concurrent use. The
// Transport asks for one slot at a time.
type Limiter interface {
	Wait(ctx context.Context) error

	// Slot is Wait and also returns the time from which the slot may be used, for MaxSlotAge,
	// which is a constant.
	Slot(ctx context.Context) (due time.Time, err error)
	MaxSlotAge() time.Duration

	// Pause pauses all processes for d, because a request was answered 429.
	Pause(d time.Duration)

	// Report records that a request is being sent, or what was measured with its answer.
	Report(Report)

	// Share returns what is known of the other processes.
	Share() Share
}

// A Report is what a Transport reports to the others as it sends a request, and after the
// answer.
type Report struct {
	Answered bool
	Limited  bool      // the answer was 429
	Sent     time.Time // when the answered request was sent

	InFlight    int           // requests, now
	Service     time.Duration // the mean time that requests take without the server's delay
	ServerDelay time.Duration // the delay that the server adds, as measured here
	Stddev      time.Duration // the standard deviation of ServerDelay
	Refused     float64       // answers 429 a second
	Served      float64       // other answers a second
}

// A Share is what a process knows of those it shares a limit with.
type Share struct {
	Sharing   Sharing
	Processes int     // those seen last, this one included
	Limit     float64 // requests a second, of all processes together
	Rate      float64 // requests a second that they may send now, so that others get their part
	Served    float64 // answers that they have had a second
	Overload  bool    // other programs send more than the server takes
	Err       error   // why Sharing is SharingAlone, or was last
	Losses    int     // how often the others became unreachable, so far

	Time        time.Time     // of what follows
	ServerDelay time.Duration // that the server adds, as the others have measured it
	Stddev      time.Duration // of ServerDelay; 0: the others do not know it
	PausedUntil time.Time     // a 429 holds all processes back
	ProbeFrom   time.Time     // of the last probe: the time in which all processes
	ProbeTail   time.Time     // sent little, to measure without a queue of their own; in its
	ProbeUntil  time.Time     // tail the queue should be empty
}

// Sharing says whether a limit is shared with other processes.
type Sharing string

// Whether a limit is shared.
const (
	// None: the Limiter is not a shared one.
	None Sharing = ""
	// All: the limit holds for all processes together.
	All Sharing = "shared"
	// Alone: the others cannot be reached. This process uses only its part of the limit.
	Alone Sharing = "alone"
)
