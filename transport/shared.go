package transport

import (
	"net/http"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
)

// Sharing says whether a limit is shared with other processes.
type Sharing = shared.Sharing

// Whether a limit is shared.
const (
	// SharingNone: the Limiter is not made for that.
	SharingNone = shared.None
	// SharingAll: the limit holds for all processes together.
	SharingAll = shared.All
	// SharingAlone: the other processes cannot be reached. This one keeps to its part of
	// the limit.
	SharingAlone = shared.Alone
)

// takeInPeers takes in what is known of the processes that share the limit, and notes
// if they were lost or found. The lock is held.
func (e *engine) takeInPeers(c *call, now gate.Instant) {
	p := e.source.peers()
	if p == nil {
		return
	}
	s := p.Share()
	e.window.Share(s, now)
	if s.Losses != e.losses {
		e.losses, s.Sharing = s.Losses, SharingAlone // also if they have been found since: next time
	}
	if s.Sharing == SharingAll {
		s.Err = nil // it is of the last loss
	}
	if s.Sharing != e.sharing {
		e.sharing, c.changed().peers = s.Sharing, &s
	}
}

// reportToPeers reports to the processes that share the limit, if there are any, how this one
// stands, and of a call that was answered with status, if it is not nil.
func (e *engine) reportToPeers(c *call, status int) {
	p := e.source.peers()
	if p == nil {
		return
	}
	var r shared.Report
	if c != nil {
		r = shared.Report{Answered: true, Limited: status == http.StatusTooManyRequests, Sent: time.Now().Add(-c.took)}
	}
	e.queue.Lock()
	e.window.Report(&r)
	e.queue.Unlock()
	p.Report(r)
}
