package notify

import (
	"bytes"
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
	a.update(func(b *board, alone bool) {
		ahead = b.Now.Sub(d.now)
		d.alone = alone
		out = b.apply(d, a.rule, a.routes().to)
		for i := range out {
			out[i].Alert.History = slices.Clone(b.History)
		}
		busy = b.busy(b.Now, a.rule)
	})
	if ahead > time.Minute { // the wall's clock was set back before this process began
		a.mu.Lock()
		a.clock.wall = a.clock.wall.Add(ahead)
		a.mu.Unlock()
	}
	for _, o := range out {
		a.hand(o)
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
	left := len(o.Routes)
	for _, route := range o.Routes {
		a.sending.Go(func() {
			err := a.deliver(o, route)
			a.sentOne(o, route, err, &left)
		})
	}
}

// sentOne takes down that an alert was sent to one of its routes, or never will be.
func (a *Alerter) sentOne(o outgoing, route string, err error, left *int) {
	later := err != nil && a.rule.Store != nil && a.isClosing() && !errors.Is(err, ErrPermanent)
	a.mu.Lock()
	if err != nil {
		a.err = err
	}
	if !later {
		a.sent = append(a.sent, o.ID+" "+route)
		a.sent = a.sent[max(0, len(a.sent)-maxSent):]
	}
	if *left--; *left == 0 {
		a.way = slices.DeleteFunc(a.way, func(id string) bool { return id == o.ID })
	}
	a.mu.Unlock()
	a.update(func(b *board, _ bool) {
		if later {
			b.release(o.ID)
		} else {
			b.take(o.ID + " " + route)
		}
	})
}

// update changes the board of all, or the own one while that cannot be reached.
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
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.own, shared)
}

// found takes down whether the Store was reached.
func (a *Alerter) found(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil && !a.alone:
		a.rule.logger().Warn().Err(err).Msg("aprimo: cannot share the count of 429s; counting alone")
		a.alone, a.own = true, a.seen
		a.own.Outbox = slices.DeleteFunc(slices.Clone(a.own.Outbox), func(o outgoing) bool { return o.Sender != a.id })
	case err == nil && a.alone:
		a.rule.logger().Info().Msg("aprimo: shares the count of 429s again")
		a.alone, a.own = false, board{}
	}
}

// updateStore changes the board of all. What was counted without it is added
// first.
func (a *Alerter) updateStore(change func(b *board, alone bool)) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	a.mu.Lock()
	alone, own := a.alone, a.own
	a.mu.Unlock()
	key := "alert of 429s " + a.rule.Tenant
	for range storeTries {
		old, err := a.rule.Store.Load(ctx, key)
		if err != nil {
			return err
		}
		var b board
		if json.Unmarshal(old, &b) != nil { // there is none, or one of another version
			b = board{}
		}
		if alone {
			b.adopt(own)
		}
		change(&b, false)
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
			a.mu.Lock()
			a.seen = b
			a.mu.Unlock()
			return nil
		}
		a.sleep(mathrand.N(20 * time.Millisecond))
	}
	return errBusy
}
