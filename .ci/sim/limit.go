package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// limit: at most n requests of ours begin in any second, by the tenant's clock. More may begin
// only while processes cannot reach Redis, as package redislimit states: then it is n of those
// that share, and the parts of the others.
type limit struct {
	sent  []event         // in the last second
	alone map[string]part // of processes
}

// A part is how many requests a process that is alone uses of the limit, when it was looked at
// last.
type part struct {
	at time.Duration
	n  int
}

const (
	perSecond = 15
	recent    = 1300 * time.Millisecond // a second: processes are looked at each quarter of one
)

func (l *limit) see(w *world, e event) error {
	if e.Kind != "send" && e.Kind != "look" {
		return nil
	}
	for _, p := range w.processes {
		if p.limiter == nil || p.dead.Load() {
			continue
		}
		if s := p.limiter.Share(); s.Sharing == transport.SharingAlone {
			n := (perSecond + s.Processes - 1) / s.Processes
			if before := l.alone[p.name]; e.At-before.at < recent {
				n = max(n, before.n) // it has its part from when it lost the others
			}
			l.alone[p.name] = part{e.At, n}
		}
	}
	if e.Kind == "look" {
		return nil
	}
	l.sent = slices.DeleteFunc(l.sent, func(s event) bool { return e.At-s.At >= time.Second })
	l.sent = append(l.sent, e)
	if n := len(l.sent); n > perSecond && n > l.most(e.At) {
		return fmt.Errorf("limit: %d requests within %v; want %d at most", n, e.At-l.sent[0].At, l.most(e.At))
	}
	return nil
}

// most returns how many may begin in the last second, of those that have sent.
func (l *limit) most(now time.Duration) int {
	together, counted := 0, map[string]bool{}
	for _, s := range l.sent {
		who := s.Process
		p, alone := l.alone[who]
		if alone = alone && now-p.at < recent; alone && !counted[who] {
			together += p.n
		}
		counted[who] = true
		if (!alone || p.at < now) && !counted["share"] {
			counted["share"] = true
			together += perSecond
		}
	}
	return max(perSecond, together)
}

func (*limit) end(*world) []error { return nil }
