package notify

import (
	"bytes"
	"context"
	"errors"
	mathrand "math/rand/v2"
	"slices"
	"time"
)

const (
	storeTime  = 2 * time.Second // that the Store may take in all
	storeTries = 50
	storeTTL   = 72 * time.Hour // longer than anything that a board remembers
)

var errBusy = errors.New("notify: the Store is never left alone by the others")

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
		a.own, _ = decodeState(a.raw) // which this process wrote
		a.own.Outbox = slices.DeleteFunc(a.own.Outbox, func(o outgoing) bool { return o.Sender != a.id })
		a.rule.logger().Warn().Err(err).Msg("aprimo: the Store of the alerts cannot be used; counting alone")
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
		changed, err := b.encode()
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
	b, err = decodeState(old)
	if errors.Is(err, errStateTooNew) {
		return b, err
	}
	if err != nil {
		a.rule.logger().Error().Err(err).Msg("aprimo: what the Store has of the alerts cannot be understood; beginning anew")
		b, err = board{}, nil
	}
	if a.alone {
		var own, base board // copies: this may have to be done again
		err = copyOf(a.own, &own)
		base, _ = decodeState(a.raw)
		b.adopt(own, base, bytes.Equal(old, a.raw))
	}
	change(&b, false)
	return b, err
}

// copyOf makes a copy that has nothing in common with the original.
func copyOf(b board, to *board) error {
	text, err := b.encode()
	if err == nil {
		*to, err = decodeState(text)
	}
	return err
}
