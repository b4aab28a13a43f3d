package redislimit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// A Limiter shares a tenant's limit with all Limiters that have the same Redis, tenant and
// limit. Pass it to one Transport with [transport.WithLimiter]; several Transports with the
// same Limiter take turns. It is safe for concurrent use.
type Limiter struct {
	server server
	keys   keys
	id     string
	n      int
	per    time.Duration
	err    error // of New

	turn chan struct{} // held by the one who asks for a slot: one reservation at a time
	wake chan struct{} // a beat is due now

	mu       sync.Mutex
	clock    serverClock
	share    shared.Share
	lately   crowd         // the most processes that were seen together within memory
	apart    int           // how many of the others are alone, and say so
	fewest   int           // processes within a window: by so many those that are alone may still divide
	growing  time.Time     // since when there are more; zero if there are not
	news     chan struct{} // closed when share has changed
	kept     reservation   // that nobody waits for at the moment
	last     int64         // the last slot that we know of, as the server counts
	filled   int64         // when it has taken all for full last, as far as we know
	heard    int64         // when it answered a request for a slot last
	counted  int64         // answers of all processes at the last beat, unless filled has changed since
	refill   bool          // it is to, as its clock was set or its data were lost
	settings int           // how often its clock was set
	probe    time.Time     // when our half-open probe began, after a pause; zero if it is not ours
	seen     seen
	own      *transport.StrictLimiter // for when it is alone; what it has let through counts on
	alone    *alone                   // nil while Redis can be reached
	apartAt  time.Time                // when it used a slot alone last
	usedAt   time.Time                // when it used a slot of Redis last
	awaited  time.Time                // the slot that a caller waits for; zero if none does
	well     int                      // how many beats have succeeded in a row
	needed   int                      // of them before it asks for a slot, to join
	joined   time.Time                // when it joined last
	joining  time.Time                // when another process was seen last that is alone, and will join
	refused  bool                     // the last request for a slot failed
	asked    time.Time                // when a slot was asked for last
	beats    bool                     // the heartbeat runs
	ended    chan struct{}            // closed when it has stopped
	closed   bool
}

// A crowd is the number of processes at a time, and how many of them come before this one.
type crowd struct {
	processes, rank int
	at              time.Time
}

// seen is what the others do not know yet.
type seen struct {
	report  shared.Report // the last one
	at      time.Time     // when it came
	answers int
	waiting int
	limited time.Time // until then a 429 holds all back
	served  bool      // the one that went ahead after a pause was let in
}

const (
	// usable is how long after its time a slot may be used.
	usable = 8 * time.Millisecond

	// spare is for what lies between the sending and the tenant: requests that
	// take different ways do not arrive as they were sent.
	spare = 4 * time.Millisecond

	// maxLimit is that of a transport.StrictLimiter.
	maxLimit = 1 << 20

	// maxPause is the longest that a 429 pauses all. The scripts know it too.
	maxPause = time.Hour
)

// An Option changes a setting of New.
type Option func(*Limiter)

// WithLimit sets how many requests of all processes together may begin in any window of
// length per: n from 1 to 1,048,576, per from a millisecond to an hour. The default is 15 per
// second, Aprimo's limit. All processes must set the same limit.
func WithLimit(n int, per time.Duration) Option {
	return func(l *Limiter) { l.n, l.per = n, per }
}

// WithProcesses sets the assumed number of processes until Redis is first reached: a process
// that starts without Redis uses the limit divided by n. The default is 1, the maximum 1000.
func WithProcesses(n int) Option {
	return func(l *Limiter) { l.share.Processes = min(max(1, n), maxMembers) }
}

// New returns a Limiter that shares the limit of a tenant. All processes must use the same
// name for the tenant. The caller closes the client, after the Limiter; the client's timeouts
// do not matter. Nothing is sent to Redis before the first slot is requested.
//
// If the client is nil, the name is empty or the limit is out of range, each Wait returns an
// error that says so.
func New(client redis.UniversalClient, tenant string, opts ...Option) *Limiter {
	l := &Limiter{
		server: newServer(client),
		keys:   keysOf(tenant),
		id:     rand.Text(),
		n:      15,
		per:    time.Second,
		turn:   make(chan struct{}, 1),
		wake:   make(chan struct{}, 1),
		news:   make(chan struct{}),
		clock:  serverClock{zero: time.Now()},
		own:    transport.NewLimiter(1, time.Second),
	}
	l.share.Processes = 1
	for _, opt := range opts {
		if opt != nil {
			opt(l)
		}
	}
	switch {
	case client == nil:
		l.err = errors.New("redislimit: New needs a client")
	case tenant == "":
		l.err = errors.New("redislimit: New needs the name of the tenant")
	case l.n <= 0 || l.n > maxLimit || l.per < time.Millisecond || l.per > time.Hour:
		l.err = fmt.Errorf("redislimit: WithLimit(%d, %v): it needs a number of requests above zero, %d at most, and a time from a millisecond to an hour", l.n, l.per, maxLimit)
	default:
		l.share.Limit = float64(l.n) / l.per.Seconds()
		l.share.Rate = l.share.Limit
	}
	l.share.Sharing = shared.All
	l.fewest = l.share.Processes
	l.lately = crowd{processes: l.share.Processes, rank: l.share.Processes - 1} // until it is known: only the first ones get one of the remainder
	return l
}

// ErrClosed is returned by a Limiter after Close.
var ErrClosed = errors.New("redislimit: the Limiter is closed")

// Wait returns when a request may begin. If the context ends first, it returns the context's
// error; after Close, ErrClosed. A Transport uses Slot instead.
func (l *Limiter) Wait(ctx context.Context) error {
	for {
		due, err := l.Slot(ctx)
		if err != nil || time.Since(due) <= usable {
			return err
		}
	}
}

// MaxSlotAge returns how long after its time a slot may be used: 8 ms.
func (l *Limiter) MaxSlotAge() time.Duration { return usable }

// Share returns what is known of the other processes.
func (l *Limiter) Share() shared.Share {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.share
}

// Pause pauses all processes for d, at most an hour.
func (l *Limiter) Pause(d time.Duration) {
	if d = min(d, maxPause); d <= 0 {
		return
	}
	until := time.Now().Add(d)
	l.mu.Lock()
	l.probe, l.seen.served = time.Time{}, false
	if until.After(l.seen.limited) {
		l.seen.limited = until
	}
	if until.After(l.share.PausedUntil) && l.alone == nil {
		l.share.PausedUntil = until
	}
	l.mu.Unlock()
	l.beatNow()
}

// Report records what a Transport has measured: with it all processes adjust the common rate.
func (l *Limiter) Report(r shared.Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen.report = r
	if !r.Answered {
		return
	}
	l.seen.at = time.Now()
	if r.Limited {
		return
	}
	l.seen.answers++
	if !l.probe.IsZero() && !r.Sent.Before(l.probe) {
		l.probe, l.seen.served = time.Time{}, true
		l.beatNow()
	}
}

// Close leaves the shared limit: the other processes get this one's part, and its reserved
// slot is returned. Each Wait ends with ErrClosed. It returns nil, also if it is called again.
func (l *Limiter) Close() error {
	l.mu.Lock()
	ended := l.ended
	if !l.closed {
		l.closed = true
		l.changed()
	}
	l.mu.Unlock()
	l.beatNow()
	if ended != nil {
		<-ended
	}
	return nil
}

// changed wakes those who wait for a change. It is called with the lock.
func (l *Limiter) changed() {
	close(l.news)
	l.news = make(chan struct{})
}
