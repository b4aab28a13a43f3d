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
	since, at time.Duration
	n         int
}

const (
	perSecond = 15
	recent    = 1300 * time.Millisecond // a second: processes are looked at each quarter of one
	atOnce    = 300 * time.Millisecond  // processes that lose Redis together notice it within that time
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
			now := part{e.At, e.At, (perSecond + s.Processes - 1) / s.Processes}
			if before, ok := l.alone[p.name]; ok && e.At-before.at < recent {
				now.since, now.n = before.since, max(now.n, before.n) // it has its part from when it lost the others
			}
			l.alone[p.name] = now
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

// most returns how many may begin in the last second, of those that have sent: n of those that
// have shared, and the parts of those that were alone before.
func (l *limit) most(now time.Duration) int {
	senders := map[string]part{}
	shared := time.Duration(0) // when one of them last did
	for _, s := range l.sent {
		p, alone := l.alone[s.Process]
		switch {
		case !alone || now-p.at >= recent:
			p = part{since: now}
			fallthrough
		case p.at < now:
			shared = now
		default:
			shared = max(shared, p.since)
		}
		senders[s.Process] = p
	}
	together, before := 0, 0
	for _, p := range senders {
		together += p.n
		if p.since < shared-atOnce {
			before += p.n
		}
	}
	if now-shared < time.Second {
		return max(together, perSecond+before)
	}
	return max(together, perSecond)
}

func (*limit) end(*world) []error { return nil }
