package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"time"
)

const (
	shareEvery = time.Second // while events come in
	watchEvery = 5 * time.Second
	storeTime  = 2 * time.Second // that the Store may take in all
	storeTries = 50
	storeTTL   = 72 * time.Hour // longer than anything that a board remembers
	maxSent    = 64
)

var errBusy = errors.New("notify: the Store is never left alone by the others")

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
		out = b.apply(d, a.rule, a.routes().to)
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

// hand sends an alert in the background, to all its routes at the same time, and
// takes it down from the board.
func (a *Alerter) hand(o outgoing) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.Contains(a.way, o.ID) {
		return
	}
	a.way = append(a.way, o.ID)
	o.Alert.Host, o.Alert.PID = a.host, os.Getpid()
	o.Alert.shift(-a.clock.ahead)
	on := &trip{left: len(o.Routes)}
	for _, route := range o.Routes {
		a.sending.Go(func() {
			err := a.deliver(o, route)
			a.sentOne(o, route, err, on)
		})
	}
}

// A trip is the delivery of an alert to all its ways.
type trip struct {
	left int  // ways
	got  bool // somebody has it
	hope bool // or may get the next one
}

// sentOne takes down that an alert was sent to one of its routes, or never will be.
func (a *Alerter) sentOne(o outgoing, route string, err error, on *trip) {
	later := err != nil && a.rule.Store != nil && a.isClosing() && !errors.Is(err, ErrPermanent)
	a.mu.Lock()
	if err != nil {
		a.err = err
	}
	on.got, on.hope = on.got || err == nil, on.hope || err != nil && !errors.Is(err, ErrPermanent)
	if on.left--; on.left == 0 {
		a.way = slices.DeleteFunc(a.way, func(id string) bool { return id == o.ID })
	}
	unheard := on.left == 0 && !on.got && on.hope && !later
	if !later && !unheard {
		a.sent = append(a.sent, o.ID+" "+route)
		a.sent = a.sent[max(0, len(a.sent)-maxSent):]
	}
	a.mu.Unlock()
	a.update(func(b *board, _ bool) {
		if later {
			b.release(o.ID)
		} else {
			b.take(o.ID + " " + route)
		}
		if unheard {
			b.unsay(o.Alert)
		}
	})
}

// update changes the board of all, or the own one while that cannot be reached. It
// takes its time: nobody who observes waits for it.
func (a *Alerter) update(change func(b *board, alone bool)) {
	a.updating.Lock()
	defer a.updating.Unlock()
	shared := a.rule.Store != nil
	if shared {
		err := a.updateStore(change)
		a.found(err)
		if err == nil {
			return
		}
	}
	change(&a.own, shared)
	a.show(&a.own)
}

// show makes a board's state that of Status.
func (a *Alerter) show(b *board) {
	now := b.status(a.rule)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown, a.muted = now, b.Muted
}

// found takes down whether the Store was reached. While it is not, this process goes
// on from how the board was last.
func (a *Alerter) found(err error) {
	switch {
	case err != nil && !a.alone:
		a.alone = true
		if json.Unmarshal(a.raw, &a.own) != nil {
			a.own = board{}
		}
		a.own.Outbox = slices.DeleteFunc(a.own.Outbox, func(o outgoing) bool { return o.Sender != a.id })
		a.rule.logger().Warn().Err(err).Msg("aprimo: the Store of the alerts cannot be reached; counting alone")
	case err == nil && a.alone:
		a.alone, a.own = false, board{}
		a.rule.logger().Info().Msg("aprimo: the Store of the alerts is reached again")
	}
}

// updateStore changes the board of all. What was counted without it is added
// first.
func (a *Alerter) updateStore(change func(b *board, alone bool)) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	key := "alert of 429s " + a.rule.Tenant
	for range storeTries {
		old, err := a.rule.Store.Load(ctx, key)
		if err != nil {
			return err
		}
		b, err := a.changed(old, change)
		if err != nil {
			return err
		}
		changed, err := json.Marshal(b)
		if err != nil {
			return err
		}
		swapped := bytes.Equal(old, changed)
		if !swapped {
			swapped, err = a.rule.Store.CompareAndSwap(ctx, key, old, changed, storeTTL)
		}
		if err != nil {
			return err
		}
		if swapped {
			a.raw = changed
			a.show(&b)
			return nil
		}
		a.sleep(mathrand.N(20 * time.Millisecond))
	}
	return errBusy
}

// changed returns what is to be stored in place of old. What cannot be understood,
// since another version has written it or a disk has lost a part of it, is as good as
// none: alerts must go on.
func (a *Alerter) changed(old []byte, change func(b *board, alone bool)) (b board, err error) {
	defer func() {
		if p := recover(); p != nil {
			a.rule.logger().Error().Any("panic", p).Msg("aprimo: what the Store has of the alerts cannot be understood; beginning anew")
			b = board{}
			change(&b, false)
		}
	}()
	if json.Unmarshal(old, &b) != nil {
		b = board{}
	}
	if a.alone {
		var own, base board // copies: this may have to be done again
		err = errors.Join(copyOf(a.own, &own), json.Unmarshal([]byte(cmp.Or(string(a.raw), "{}")), &base))
		b.adopt(own, base, bytes.Equal(old, a.raw))
	}
	change(&b, false)
	return b, err
}

// copyOf makes a copy that has nothing in common with the original.
func copyOf(b board, to *board) error {
	text, err := json.Marshal(b)
	return errors.Join(err, json.Unmarshal(text, to))
}
