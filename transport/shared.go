package transport

import (
	"context"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A SharedLimiter is a Limiter whose limit several processes keep together;
// [github.com/aprimo-go/aprimo/transport/redislimit] has one. Besides slots they
// share what they learn: a 429 of one holds all of them back, and the delay that
// the server adds is steered for all at once. While it can be reached, the
// window of the Transport binds nothing; else each process goes on alone, with its
// part of the limit and a window of its own.
//
// Its methods but Wait and Slot must return at once, and all must be safe for
// concurrent use. The Transport asks for one slot at a time.
type SharedLimiter interface {
	Limiter

	// Slot is Wait, and tells since when the slot may be used: until Slack
	// after it, which is a constant.
	Slot(ctx context.Context) (due time.Time, err error)
	Slack() time.Duration

	// Pause holds everybody back for d, because a request was answered 429.
	Pause(d time.Duration)

	// Report tells that a request is being sent, or what was learnt from an answer.
	Report(Report)

	// Share returns what is known of the others.
	Share() Share
}

// A Report is what a Transport tells the others as it sends a request, and after
// the answer.
type Report struct {
	Answered bool
	Limited  bool      // the answer was 429
	Began    time.Time // when the request was sent that has been answered

	InFlight int           // requests, now
	Service  time.Duration // the mean of what requests take without the delay that the server adds
	Delay    time.Duration // which is this, as measured here
	Doubt    time.Duration // the standard deviation of that
}

// A Share is what a process knows of those it shares a limit with.
type Share struct {
	Sharing   Sharing
	Processes int     // that were seen last, this one included
	Limit     float64 // requests a second, of all of them together
	Rate      float64 // how many of these they send now, at most, so that others get theirs
	Err       error   // why Sharing is SharingAlone

	Time         time.Time     // of what follows
	Delay, Doubt time.Duration // that the server adds, as the others have measured it; no Doubt: they do not know
	PausedUntil  time.Time     // a 429 holds everybody back
	DrainFrom    time.Time     // of the last time in which little was sent, to see what
	DrainUntil   time.Time     // operations take without our own queue
}

// Sharing tells whether a limit is kept together with other processes.
type Sharing string

// Whether a limit is shared.
const (
	// SharingNone: the Limiter is not a SharedLimiter.
	SharingNone Sharing = ""
	// SharingAll: the limit holds for all processes together.
	SharingAll Sharing = "shared"
	// SharingAlone: the others cannot be reached. This process keeps to its
	// part of the limit.
	SharingAlone Sharing = "alone"
)

// takeInPeers takes in what is known of the processes that share the limit, and notes
// if they were lost or found. The lock is held.
func (e *engine) takeInPeers(c *changes, now gate.Instant) {
	p := e.source.peers()
	if p == nil {
		return
	}
	s := p.Share()
	e.window.share(s, now)
	if s.Sharing != e.sharing {
		e.sharing, c.peers = s.Sharing, &s
	}
}

// share makes the window that of all processes together, or of this one alone.
func (w *window) share(s Share, now gate.Instant) {
	w.pooled = s.Sharing == SharingAll
	if !w.pooled {
		w.rate = s.Limit / float64(max(1, s.Processes))
		return
	}
	w.rate = s.Limit
	if s.Rate < 0.95*s.Limit {
		w.lacked = now
	}
	if s.Time.Equal(w.shared.Time) {
		return
	}
	if s.Doubt > 0 && (w.delay.at.IsZero() || now.Sub(w.delay.at) > forgotten) {
		w.delay.told(s.Delay.Seconds(), s.Doubt.Seconds(), now)
	}
	if !s.DrainFrom.Equal(w.shared.DrainFrom) {
		w.judge()
		w.drain.together(now.Add(time.Until(s.DrainFrom)), now.Add(time.Until(s.DrainUntil)), max(0, w.delay.queue))
	}
	w.shared = s
}

// forgotten is after what time the delay is another one.
const forgotten = 5 * time.Second

// told takes over what others have measured: who comes later would else take the
// queue that is there for the server's own time.
func (m *delayMeter) told(delay, doubt float64, now gate.Instant) {
	m.queue, m.variance, m.at = delay, doubt*doubt, now
}

// together is a drain of all processes.
func (d *drain) together(from, until gate.Instant, delay float64) {
	d.begin, d.until, d.before = from, until, delay
	d.tail = from.Add(until.Sub(from) * 6 / 10)
}

// tellPeers tells the processes that share the limit, if there are any, how this one
// stands.
func (e *engine) tellPeers(r Report) {
	p := e.source.peers()
	if p == nil {
		return
	}
	e.queue.Lock()
	w := &e.window
	r.InFlight = w.flying.n
	r.Service = seconds(w.delay.service)
	r.Delay, r.Doubt = seconds(max(0, w.delay.queue)), seconds(w.delay.doubt())
	e.queue.Unlock()
	p.Report(r)
}
