package notify

import (
	"crypto/rand"
	"slices"
	"time"
)

const (
	shareEvery = time.Second // while events come in
	watchEvery = 5 * time.Second
)

// work sees to it that the worker is awake. The caller holds a.mu.
func (a *Alerter) work() {
	select {
	case a.poke <- struct{}{}:
	default:
	}
	if !a.works {
		a.works = true
		a.working.Go(a.worker)
	}
}

// worker tells the board what is counted here, and sends the alerts that fall to
// this process, until there is nothing to tell and none to come. It is a goroutine
// of its own since a Store may be slow, and lives no longer than it has to.
func (a *Alerter) worker() {
	for {
		closing := a.isClosing()
		busy := a.exchange(closing)
		if a.done(closing, busy) {
			return
		}
		a.sleep(shareEvery)
		a.await(watchEvery - shareEvery)
	}
}

// done tells whether all has been told, and nothing is to come.
func (a *Alerter) done(closing, busy bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if closing || !busy && !a.counted {
		a.works = false
	}
	return !a.works
}

// await waits for d, until it is called for, or until Close is called.
func (a *Alerter) await(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.poke:
	case <-a.closing:
	}
}

// exchange adds to the board and tells whether to look again.
func (a *Alerter) exchange(closing bool) (busy bool) {
	d := a.delta(closing)
	var out []outgoing
	var ahead time.Duration
	withheld, forgets := 0, false
	a.update(func(b *board, alone bool) {
		ahead = b.Now.Sub(d.now)
		d.alone = alone
		out = b.apply(d, a.rule, a.routes().targets)
		for i := range out {
			out[i].Alert.History = slices.Clone(b.History)
		}
		busy = alone || b.busy(b.Now, a.rule)
		withheld, forgets = b.withheld(), alone || a.rule.Store == nil
	})
	if ahead > time.Minute { // the wall's clock was set back before this process began
		a.mu.Lock()
		a.clock.ahead += ahead
		a.mu.Unlock()
	}
	for _, o := range out {
		a.hand(o)
	}
	if closing && forgets && withheld > 0 {
		a.rule.logger().Error().Int("aprimo.alert.events", withheld).
			Msg("aprimo: the program ends with events of which no alert may tell: there were as many as the rule allows, or they are muted")
	}
	return busy
}

// delta takes what was counted.
func (a *Alerter) delta(closing bool) delta {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.poke:
	default:
	}
	a.seq++
	d := delta{
		id: a.id, by: a.name(), seq: a.seq, now: a.clock.on(time.Now()),
		counts: a.counts, minutes: a.minutes, mute: a.mute, closing: closing,
		fresh: rand.Text(), sending: slices.Clone(a.way), sent: slices.Clone(a.sent), tenant: a.rule.Tenant,
	}
	a.counts, a.minutes, a.counted = counts{}, nil, false
	return d
}
