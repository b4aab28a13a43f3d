package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// An invariant must always hold. see is called after each event, end when all processes
// are closed. Both are called with the world's lock.
type invariant interface {
	see(w *world, e event) error
	end(w *world) []error
}

// everything that must hold. To add an invariant, write a type and name it here.
func everything() []invariant {
	return []invariant{
		&limit{alone: map[string]part{}}, &calls{open: map[string]*call{}}, &order{queues: map[string][]string{}, passed: map[string]pass{}},
		&nothingIdle{}, &alerts{got: map[string]time.Duration{}, phases: map[string]string{}}, &exports{got: map[string]map[string]int{}},
		&uploads{}, &counts{entered: map[string]uint64{}, sent: map[string]uint64{}, limited: map[string]uint64{}}, &after{},
	}
}

// calls: each call ends exactly once, with a result or an error that is true.
type calls struct{ open map[string]*call }

type call struct {
	process  string
	attempts int
	last     event // the last answer
	reports  int   // Done events
	rejected int   // answers 401, after each of which package client makes another call
}

func (c *calls) see(_ *world, e event) error {
	o := c.open[e.Call]
	switch {
	case e.Kind == "begin" && o != nil:
		return fmt.Errorf("calls: %s began twice", e.Call)
	case e.Kind == "begin":
		c.open[e.Call] = &call{process: e.Process}
		return nil
	case e.Kind == "kill":
		maps.DeleteFunc(c.open, func(_ string, o *call) bool { return o.process == e.Process })
		return nil
	case e.Kind == "end" && o == nil:
		return fmt.Errorf("calls: %s ended twice", e.Call)
	case o == nil:
		return nil
	}
	switch e.Kind {
	case "send", "cut":
		o.attempts++
	case "answer":
		o.last = e
		if e.Status == 401 {
			o.rejected++
		}
	case "observe":
		if e.Event.Kind == transport.Done {
			o.reports++
		}
	case "end":
		delete(c.open, e.Call)
		return o.judge(e)
	}
	return nil
}

// judge says what is wrong with the end of a call.
func (o *call) judge(e event) error {
	var queue *transport.QueueError
	refused := errors.As(e.Err, &queue)
	failed := e.Err != nil && !refused
	switch {
	case failed && o.reports == 0 && o.attempts == 0: // there was no token to make the call with
		return nil
	case o.reports == 0 || o.reports > 1+o.rejected:
		return fmt.Errorf("calls: %s ended with %d Done events: %v", e.Call, o.reports, e.Err)
	case e.Err == nil && e.Status != o.last.Status:
		return fmt.Errorf("calls: %s ended with status %d; the last answer was %v", e.Call, e.Status, o.last)
	case refused && queue.Attempt == 0 && o.attempts > o.rejected:
		return fmt.Errorf("calls: %s is said to be unsent; it was sent %d times: %w", e.Call, o.attempts, e.Err)
	case failed && o.last.Err == nil && !explained(e.Err):
		return fmt.Errorf("calls: %s ended with an error that nothing caused: %w; the last answer was %v", e.Call, e.Err, o.last)
	}
	return nil
}

// explained reports whether an error of a call says by itself that a fault of the plan, or the
// caller, is the cause.
func explained(err error) bool {
	for _, cause := range []error{errBody, errPanicked, context.DeadlineExceeded, context.Canceled} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "unexpected EOF")
}

func (c *calls) end(*world) (errs []error) {
	for id := range c.open {
		errs = append(errs, fmt.Errorf("calls: %s has never ended", id))
	}
	return errs
}

// order: of one user and class, who came first is sent first.
type order struct {
	queues map[string][]string // calls not sent yet, by what they have to be in order with
	passed map[string]pass     // calls that were passed by a later one
}

type pass struct {
	at time.Duration
	by string
}

func (o *order) see(w *world, e event) error {
	switch e.Kind {
	case "queues":
		o.queues[e.Text] = append(o.queues[e.Text], e.Call)
	case "enter":
		key, i := o.find(e.Call)
		if key == "" {
			return nil
		}
		for _, earlier := range o.queues[key][:i] {
			if _, ok := o.passed[earlier]; !ok {
				o.passed[earlier] = pass{e.At, e.Call}
			}
		}
		o.queues[key] = slices.Delete(o.queues[key], i, i+1)
		if p, ok := o.passed[e.Call]; ok {
			delete(o.passed, e.Call)
			if e.At-p.at > 50*time.Millisecond { // what goes at the same time has no order
				return fmt.Errorf("order: %s went %v after %s, which came later", e.Call, e.At-p.at, p.by)
			}
		}
	case "end":
		if key, i := o.find(e.Call); key != "" {
			o.queues[key] = slices.Delete(o.queues[key], i, i+1)
		}
		delete(o.passed, e.Call)
	}
	return nil
}

func (o *order) find(call string) (string, int) {
	for key, q := range o.queues {
		if i := slices.Index(q, call); i >= 0 {
			return key, i
		}
	}
	return "", 0
}

func (*order) end(*world) []error { return nil }

// nothingIdle: nobody waits while slots go unused for two windows.
type nothingIdle struct {
	sent    time.Duration // the last request of anybody
	waiting time.Duration // since when somebody could go; 0: nobody
	over    time.Duration // the end of the last fault of Redis: of two in a row each costs its time
	trouble time.Duration // when the last fault of Redis was over, or a process joined the others again, or later, as long as nobody could ask for a slot
}

func (n *nothingIdle) see(w *world, e event) error {
	switch {
	case e.Kind == "send" || e.Kind == "cut":
		n.sent = e.At
	case e.Kind == "over" && strings.HasPrefix(e.Text, "redis"):
		n.trouble, n.over = e.At, e.At
	case e.Kind == "observe" && (e.Event.Kind == transport.PeersLost || e.Event.Kind == transport.PeersJoined):
		n.trouble = e.At
	case e.Kind == "look" && e.Text == "waits":
		if n.waiting == 0 {
			n.waiting = e.At
		}
		if idle := e.At - max(n.sent, n.waiting, n.over); idle > 2*time.Second+n.grace(w, e.At) {
			n.waiting = e.At
			return fmt.Errorf("idle: nothing was sent for %v while calls wait", idle)
		}
	case e.Kind == "look":
		n.waiting = 0
		if n.recent(e.At) {
			n.trouble = e.At
		}
	}
	return nil
}

func (n *nothingIdle) recent(now time.Duration) bool {
	return n.trouble > 0 && now-n.trouble < 10*time.Second
}

// grace is how much longer it may take while Redis is in trouble, and until the slots are over
// whose answers were lost then. Each process may have had one a window after the last, and at the
// least rate, a tenth of the limit, two thirds of a second after that. It is called with the lock.
func (n *nothingIdle) grace(w *world, now time.Duration) time.Duration {
	recent := n.recent(now)
	for kind, list := range w.active {
		recent = recent || strings.HasPrefix(kind, "redis") && len(list) > 0
	}
	if recent {
		return max(4*time.Second, time.Duration(w.plan.Processes)*5*time.Second/3)
	}
	return time.Second
}

func (*nothingIdle) end(*world) []error { return nil }

// alerts: an incident is opened and closed once, no mail comes twice to anyone, and never
// more than stated.
type alerts struct {
	got    map[string]time.Duration // recipient and alert
	phases map[string]string        // of each incident, the last one
	times  []time.Duration
}

func (a *alerts) see(w *world, e event) error {
	if e.Kind != "mail" {
		return nil
	}
	if e.Text == "?" {
		return fmt.Errorf("alerts: a mail to %s says nothing of its incident", e.Call)
	}
	key := e.Call + " " + e.Text
	before, twice := a.got[key]
	a.got[key] = e.At
	if twice && !w.mayRepeat() {
		return fmt.Errorf("alerts: %s came %v ago and now", key, e.At-before)
	}
	if twice || e.Call != recipients[0] {
		return nil
	}
	incident, phase, _ := strings.Cut(e.Text, " ")
	resolved := strings.HasSuffix(phase, "resolved")
	if before, seen := a.phases[incident]; (resolved && !seen || strings.HasSuffix(before, "resolved")) && !w.mayRepeat() {
		return fmt.Errorf("alerts: %s came before the incident was opened, or after it was closed: %q", e.Text, before)
	}
	a.phases[incident] = phase
	a.times = append(a.times, e.At)
	if n := len(a.times) - 7; n >= 0 && e.At-a.times[n] < time.Hour && !w.mayRepeat() {
		return fmt.Errorf("alerts: 7 within %v", e.At-a.times[n])
	}
	return nil
}

// mayRepeat reports whether the plan has what makes an alert come twice, as is stated: a sender
// that dies, or whose receipt or state is lost.
func (w *world) mayRepeat() bool {
	return w.plan.has("kill", "mail no reply", "redis flush", "redis replica", "disk old")
}

func (p plan) has(kinds ...string) bool {
	return slices.ContainsFunc(p.Faults, func(f *fault) bool { return slices.Contains(kinds, f.Kind) })
}

func (*alerts) end(*world) []error { return nil }

// exports: no record twice, and none missing, also after it was resumed.
type exports struct{ got map[string]map[string]int }

func (x *exports) see(w *world, e event) error {
	switch {
	case e.Kind == "record":
		x.got[e.Process][e.Text]++
		if n := x.got[e.Process][e.Text]; n > 1 {
			return fmt.Errorf("export: %s has record %s %d times", e.Process, e.Text, n)
		}
	case e.Kind == "export" && e.Text == "begins":
		x.got[e.Process] = map[string]int{}
	case e.Kind == "export" && e.Text == "ends":
		if n := len(x.got[e.Process]); n != records {
			return fmt.Errorf("export: %s has %d records of %d", e.Process, n, records)
		}
	}
	return nil
}

func (*exports) end(*world) []error { return nil }

// uploads: what is complete has the bytes of the file.
type uploads struct{}

func (uploads) see(_ *world, e event) error {
	if e.Kind == "upload" && strings.HasPrefix(e.Text, "ends") && e.Text != "ends, the same: true" {
		return errors.New("upload: the tenant has another file")
	}
	return nil
}

func (uploads) end(*world) []error { return nil }

// counts: Stats and Events agree with what went over the wire.
type counts struct{ entered, sent, limited map[string]uint64 }

func (c *counts) see(w *world, e event) error {
	switch e.Kind {
	case "enter":
		c.entered[e.Process]++ // the caller may have given up since
	case "send", "cut":
		c.sent[e.Process]++
	case "answer":
		if e.Status == 429 {
			c.limited[e.Process]++
		}
	case "kill":
		delete(c.entered, e.Process)
		delete(c.sent, e.Process)
		delete(c.limited, e.Process)
	case "closed":
		for _, p := range w.processes {
			if p.name != e.Process {
				continue
			}
			s := p.rt.Stats()
			if s.Sent < c.sent[p.name] || s.Sent > c.entered[p.name] || s.RateLimited != c.limited[p.name] {
				return fmt.Errorf("counts: Stats of %s say %d sent, %d 429s; the wire %d to %d, %d", p.name, s.Sent, s.RateLimited, c.sent[p.name], c.entered[p.name], c.limited[p.name])
			}
			if s.InFlight != 0 || s.Queued != 0 || p.bodies.Load() != 0 {
				return fmt.Errorf("counts: %s has %d in flight, %d queued, %d open bodies at its end", p.name, s.InFlight, s.Queued, p.bodies.Load())
			}
		}
	}
	return nil
}

func (*counts) end(*world) []error { return nil }

// after: when nothing was wrong for a while, everything is as at the start.
type after struct{}

func (after) see(w *world, e event) error {
	if e.Kind != "end" || e.At < w.plan.Length-45*time.Second {
		return nil
	}
	if !errors.Is(e.Err, context.DeadlineExceeded) && (e.Err != nil || e.Status/100 != 2) { // some have little patience
		return fmt.Errorf("after: %s failed though nothing is wrong: status %d, %v", e.Call, e.Status, e.Err)
	}
	return nil
}

func (after) end(w *world) (errs []error) {
	if !w.plan.Alone {
		if m, err := w.redis.HKeys("aprimo:{" + tenantName + "}:members"); err == nil && len(m) > 0 {
			errs = append(errs, fmt.Errorf("after: %d processes are left in Redis", len(m)))
		}
	}
	return errs
}
