package notify

import (
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"
)

const (
	shareEvery = time.Second // while there are events
	watchEvery = 5 * time.Second
)

// startWorker wakes the worker, or starts it. The caller holds a.mu.
func (a *Alerter) startWorker() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
	if !a.working {
		a.working = true
		a.running.Go(a.work)
	}
}

// work is the life of an alert. Each second it adds what Observe has counted to the state
// (sharedState.apply), which advances the incidents (incident.step) and returns the alerts that
// are due, and delivers these. It ends when there is nothing to add and nothing to expect. It has
// a goroutine of its own since a Store may be slow.
func (a *Alerter) work() {
	for {
		closing := a.isClosing()
		due, busy := a.exchange(closing)
		for _, p := range due {
			a.dispatch(p)
		}
		if a.stopWorking(closing, busy) {
			return
		}
		a.wait(shareEvery, nil)
		a.wait(watchEvery-shareEvery, a.wake)
	}
}

func (a *Alerter) stopWorking(closing, busy bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if closing || !busy && !a.counted {
		a.working = false
	}
	return !a.working
}

// exchange adds to the state what was counted. It returns the alerts that this process must
// deliver, and whether to look at the state again.
func (a *Alerter) exchange(closing bool) (due []pendingAlert, busy bool) {
	d := a.takeDelta(closing)
	var ahead time.Duration
	unreported := 0
	a.update(func(s *sharedState) {
		ahead = s.Now.Sub(d.now)
		due = s.apply(d, a.rule, a.routes().targets)
		for i := range due {
			due[i].Alert.History = slices.Clone(s.History)
		}
		busy, unreported = s.alone || s.busy(a.rule), 0
		if s.alone || a.rule.Store == nil { // forgets it
			unreported = s.unreported()
		}
	})
	if ahead > time.Minute { // the wall clock was set back before this process started
		a.mu.Lock()
		a.clock.ahead += ahead
		a.mu.Unlock()
	}
	if closing && unreported > 0 {
		a.log(func(l *zerolog.Logger) {
			l.Error().Int("aprimo.alert.events", unreported).
				Msg("aprimo: program ends with unreported events: alerts are muted, or the rule allows no more")
		})
	}
	return due, busy
}

// takeDelta returns what was counted since the last call.
func (a *Alerter) takeDelta(closing bool) delta {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.wake:
	default:
	}
	a.seq++
	var inFlight []string
	for _, o := range a.inFlight {
		inFlight = append(inFlight, o.ID)
	}
	d := delta{
		id: a.id, process: fmt.Sprintf("%s (process %d)", a.host, os.Getpid()), seq: a.seq, now: a.clock.on(time.Now()),
		counts: a.counts, minutes: a.minutes, mute: a.mute, closing: closing,
		newID: rand.Text(), inFlight: inFlight,
	}
	a.counts, a.minutes, a.counted = counts{}, nil, false
	return d
}

// isClosing reports whether Close or Shutdown has been called.
func (a *Alerter) isClosing() bool { return a.life.Err() != nil }

// wait waits for d, for wake, or until the Alerter closes.
func (a *Alerter) wait(d time.Duration, wake <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case <-a.life.Done():
	}
}
