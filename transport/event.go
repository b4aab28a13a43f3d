package transport

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Kind says what an Event is about. Later versions may add kinds: an Observer
// ignores those that it does not know.
type Kind int

// The kinds of events.
const (
	// Done: a call has ended. Status is that of the caller's response, or 0 with Err
	// set. Each call has exactly one.
	Done Kind = iota + 1
	// RateLimited: Aprimo answered an attempt with 429. If Again is set, the call is
	// retried after Delay or later; otherwise the caller gets the 429.
	RateLimited
	// Retrying: an attempt failed without a 429 and is retried after Delay.
	Retrying
	// Paused: because of a 429, no call of this Transport begins for Delay. An
	// extended pause has no new event.
	Paused
	// Refused: the call was rejected locally, because the queue is full, the Transport
	// is shut down, the call's deadline comes before its turn or has passed while it was
	// queued, or the Limiter failed. Err says which. A call that its caller cancels is not
	// refused. A Done event follows.
	Refused
	// ModeChanged: the window has another Mode. The call is the one that revealed it.
	ModeChanged
	// DryRun: without WithDryRun, the call would have waited for Delay.
	DryRun
	// PeersJoined: the limiter shares the limit with other processes, for the first
	// time or again. The call is the one that revealed it.
	PeersJoined
	// PeersLost: the other processes cannot be reached. Err says why. This process
	// uses only its part of the limit.
	PeersLost
)

// String returns the kind's name, or "unknown".
func (k Kind) String() string {
	switch k {
	case Done:
		return "done"
	case RateLimited:
		return "rate limited"
	case Retrying:
		return "retrying"
	case Paused:
		return "paused"
	case Refused:
		return "refused"
	case ModeChanged:
		return "mode changed"
	case DryRun:
		return "dry run"
	case PeersJoined:
		return "peers joined"
	case PeersLost:
		return "peers lost"
	}
	return "unknown"
}

// An Event is one thing that happened to one call. It is a plain value without secrets,
// which an Observer may keep.
type Event struct {
	Kind Kind
	Time time.Time

	User   string // who caused the call; empty if unknown
	Method string
	URL    string // without credentials, query values and upload tokens

	Attempt int // 1 for the first; 0 if the call was never sent
	Status  int // the HTTP status; 0 if there was no response

	Waited time.Duration // in the local queue, all attempts of the call together
	Took   time.Duration // on the wire, from sending this attempt to its response header
	Again  bool          // another attempt follows, after Delay
	Delay  time.Duration // until the next attempt; for Paused, until the pause ends

	// Since is when the wait for this attempt began: the start of the call, or the end of
	// the attempt before. Began and Ended are the start and end of the attempt; both are
	// zero if the call ended in the queue. So the waits and attempts of a call add up to its
	// duration. Reason is why it waited; empty if it did not.
	Since, Began, Ended time.Time
	Reason              WaitReason

	Queued      int           // calls in the local queue
	Capacity    int           // how many calls the local queue holds
	InFlight    int           // our requests without a response header
	Rate        float64       // our requests a second, the mean of the last 10 s
	ServerDelay time.Duration // how long the server queues a request before processing it
	Others      Others        // what other programs use of the tenant; zero if not known

	Reported  bool       // only in Done: a RateLimited or Retrying event reported the last attempt
	Mode      WindowMode // only in ModeChanged
	Processes int        // only in PeersJoined and PeersLost: processes that share the limit, this one included
	Err       error      // its text has no secret
}

// An Observer is called with each Event, in the goroutine of the call that caused it. It
// must be safe for concurrent use, return quickly and never block. The context is the
// call's.
type Observer func(context.Context, Event)

// Observe adds an observer for all events from now on. It is WithObserver for observers
// that need the Transport, such as a status page. An observer cannot be removed.
func (t *Transport) Observe(o Observer) {
	if o != nil {
		t.observers.add(o)
	}
}

// observers is a list that each call reads and that hardly ever changes, so each change
// makes a new list. The zero value is empty.
type observers struct {
	list     atomic.Pointer[[]Observer]
	changing sync.Mutex
}

func (o *observers) add(more ...Observer) {
	o.changing.Lock()
	defer o.changing.Unlock()
	if all := slices.Concat(o.all(), more); len(all) > 0 {
		o.list.Store(&all)
	}
}

func (o *observers) none() bool { return o.list.Load() == nil }

func (o *observers) all() []Observer {
	if list := o.list.Load(); list != nil {
		return *list
	}
	return nil
}
