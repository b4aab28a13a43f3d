package transport

import (
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// instant returns the one so many milliseconds after some first one.
func instant(ms int) gate.Instant {
	return gate.Instant(gate.Century).Add(time.Duration(ms) * time.Millisecond)
}

const msec = time.Millisecond

// wantPause checks what a pause says at a time: how long it holds calls back, and whether it ends sooner.
func wantPause(t *testing.T, p *pause, ms int, atMost time.Duration, sooner bool) {
	t.Helper()
	w, open := p.Open(instant(ms))
	if open != (atMost == 0) || w.AtMost != atMost || (w.Sooner != nil) != sooner {
		t.Errorf("after %d ms: got open %v, %v at most, sooner %v; want %v at most, sooner %v", ms, open, w.AtMost, w.Sooner != nil, atMost, sooner)
	}
}

// A 429 holds all back for 0.7 s, until it is decided for how long: shorter, longer or not at all.
func TestPauseIsDecided(t *testing.T) {
	p := undecided(t)
	p.End(&gate.Outcome{Status: 429, Ended: instant(50)}) // another one in the pause changes nothing
	wantPause(t, p, 100, 600*msec, false)
	if !p.extend(instant(100), 200*msec, 0) || p.undecided {
		t.Error("a pause that is decided is none, want one")
	}
	wantPause(t, p, 100, 200*msec, false)
	if left := p.remaining(instant(100)); left != 200*msec {
		t.Errorf("got %v that are left, want 200 ms", left)
	}
	if p.extend(instant(150), 100*msec, 0) || p.extend(instant(299), 300*msec, 0) {
		t.Error("a pause that is extended is a new one, want it not to be")
	}
	wantPause(t, p, 300, 299*msec, false)
	if p.extend(instant(300), 299*msec, 0); p.remaining(instant(300)) != 299*msec || p.remaining(instant(599)) != 0 || p.remaining(instant(700)) != 0 {
		t.Errorf("got %v that are left, %v and %v after the end; want 299 ms, 0, 0", p.remaining(instant(300)), p.remaining(instant(599)), p.remaining(instant(700)))
	}
	if !p.extend(instant(599), 2*time.Hour, 0) || p.remaining(instant(599)) != time.Hour {
		t.Errorf("got %v after the end, want a new one of an hour at most", p.remaining(instant(599)))
	}
	if p.drop(); p.remaining(instant(599)) != time.Hour {
		t.Error("a pause that is decided was dropped, want it kept")
	}
}

// undecided returns a pause that a 429 has begun.
func undecided(t *testing.T) *pause {
	p := &pause{}
	wantPause(t, p, 0, 0, false)
	p.End(&gate.Outcome{Status: 429, Ended: instant(0)})
	wantPause(t, p, 100, 600*msec, false)
	if left := p.remaining(instant(100)); left != 0 {
		t.Errorf("got %v that are left of a pause that is not decided, want 0", left)
	}
	return p
}

// A pause that is not wanted leaves nothing, and one at the end of another is a new one.
func TestPauseIsDropped(t *testing.T) {
	p := undecided(t)
	p.drop()
	wantPause(t, p, 100, 0, false)
	if p.undecided || !p.end.IsZero() {
		t.Errorf("got %+v after a pause was dropped, want none", p)
	}
	if p = undecided(t); p.extend(instant(100), 0, 0) {
		t.Error("a pause of no length is one, want it not to be")
	}
	p = undecided(t)
	p.End(&gate.Outcome{Status: 429, Ended: instant(700)}) // at its end there is another one
	wantPause(t, p, 800, 600*msec, false)
}

// After a pause one request goes ahead. The others wait for its answer, for twice the time that the
// 429 took, 0.7 s at least.
func TestPauseAndItsProbe(t *testing.T) {
	over := func(took time.Duration) *pause {
		p := &pause{}
		p.extend(instant(0), time.Second, took)
		wantPause(t, p, 999, msec, false)
		wantPause(t, p, 1000, 0, false)
		p.Begin(instant(1100))
		return p
	}
	wantPause(t, over(0), 1200, 600*msec, true)
	p := over(2 * time.Second)
	wantPause(t, p, 1200, 3900*msec, true)
	p.Begin(instant(1300)) // of another Transport's attempt, or the like: the probe stays the first one
	wantPause(t, p, 5099, msec, true)
	wantPause(t, p, 5100, 0, false) // it is over
	if p.Begin(instant(5200)); !p.probe.IsZero() || !p.end.IsZero() {
		t.Errorf("got %+v after a probe without an answer, want no pause", p)
	}

	p = over(0)
	w, _ := p.Open(instant(1200))
	other, _ := p.Open(instant(1201))
	if w.Sooner != other.Sooner {
		t.Error("two who wait for the probe wait for different ones, want the same")
	}
	p.End(&gate.Outcome{Status: 200, Began: instant(999), Ended: instant(1200)}) // it began before the pause was over
	wantPause(t, p, 1200, 600*msec, true)
	if p.End(&gate.Outcome{Status: 200, Began: instant(1000), Ended: instant(1200)}); !p.end.IsZero() {
		t.Errorf("got %+v after the probe was answered, want no pause", p)
	}
	select {
	case <-w.Sooner:
	default:
		t.Error("who waits for the probe is not woken by its answer, want it to be")
	}
	wantPause(t, p, 1200, 0, false)
	if p.Begin(instant(1200)); !p.probe.IsZero() {
		t.Error("another probe after one was answered, want none")
	}

	// Without an answer, or a slot, the next one is the probe.
	for _, p := range []*pause{over(0), over(0)} {
		if p.Cancel(0, 0); !p.probe.IsZero() || p.end.IsZero() {
			t.Errorf("got %+v after the probe was cancelled, want a pause without one", p)
		}
		p.Begin(instant(1300))
		p.End(&gate.Outcome{Began: instant(1300)})
		wantPause(t, p, 1300, 0, false)
		p.Begin(instant(1400))
		wantPause(t, p, 1400, 700*msec, true)
		p.End(&gate.Outcome{Status: 429, Ended: instant(1500)}) // it begins anew
		wantPause(t, p, 1500, 700*msec, false)
		if p.extend(instant(1500), time.Second, 0); !p.probe.IsZero() {
			t.Error("a probe in a pause, want none")
		}
	}

	// Ten seconds later the server is as empty as if there had been none.
	p = &pause{}
	p.extend(instant(0), time.Second, 0)
	wantPause(t, p, 11_000, 0, false)
	if p.end.IsZero() {
		t.Error("the pause is forgotten after ten seconds, want it to be later")
	}
	wantPause(t, p, 11_001, 0, false)
	if p.Begin(instant(11_001)); !p.probe.IsZero() {
		t.Error("a probe of a pause that is forgotten, want none")
	}
}

// A pause of before ends the probe, whose waiters wait for it then.
func TestPauseEndsTheProbe(t *testing.T) {
	p := &pause{}
	p.extend(instant(0), time.Second, 0)
	p.Begin(instant(1000))
	w, _ := p.Open(instant(1001))
	p.extend(instant(1001), time.Second, 0)
	select {
	case <-w.Sooner:
	default:
		t.Error("who waits for the probe is not woken by a new pause, want it to be")
	}
	wantPause(t, p, 1001, time.Second, false)
}
