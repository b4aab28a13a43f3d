package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

const (
	shareEvery = time.Second // while 429s come in
	watchEvery = 5 * time.Second
	storeTime  = 2 * time.Second // that the Store may take in all
	storeTries = 50
)

var errBusy = errors.New("notify: the Store is never left alone by the others")

// delta is what one process has counted since it told the others last.
type delta struct {
	by    string // the process, for people
	id    string
	times []time.Time
	sum   Alert

	sending bool      // it has an alert on its way
	alone   time.Time // of the last alert that it sent without the others
}

// noted counts a 429 for the others. The caller holds a.mu.
func (a *Alerter) noted(e transport.Event, operation string) {
	a.latest = e.Time
	a.tally.limitedBy(e, operation)
	a.times = append(a.times, e.Time)
	a.times = a.times[max(0, len(a.times)-a.rule.Count):]
	if !a.sharing {
		a.sharing = true
		a.sharers.Go(a.share)
	}
}

// share tells the others of what is counted here, and sends the alerts that fall
// to this process, until there is nothing to tell and none to come. It has a
// goroutine of its own, since a Store may be slow.
func (a *Alerter) share() {
	for {
		closing := a.isClosing()
		watch := a.exchange(a.delta())
		if a.shared(closing, watch) {
			return
		}
		a.sleep(shareEvery)
		for waited := shareEvery; waited < watchEvery && !a.counted() && !a.isClosing(); waited += shareEvery {
			a.sleep(shareEvery)
		}
	}
}

// shared tells whether all has been told, and nothing is to come.
func (a *Alerter) shared(closing, watch bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if closing || a.tally.limited == 0 && !watch {
		a.sharing = false
	}
	return !a.sharing
}

// counted tells whether there is something to tell.
func (a *Alerter) counted() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tally.limited > 0
}

// delta takes what was counted.
func (a *Alerter) delta() delta {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := delta{by: fmt.Sprintf("%s (process %d)", a.host, os.Getpid()), id: a.id, times: a.times, sending: a.pending > 0, alone: a.alone.Previous}
	if a.tally.limited > 0 {
		d.sum = a.alert(a.latest)
		a.tally.reset()
	}
	a.times = nil
	return d
}

// exchange adds to the board of all, or to one of its own if that cannot be
// reached, and tells whether to look again: an alert is on its way, or may be soon.
func (a *Alerter) exchange(d delta) (watch bool) {
	var send *Alert
	add := func(b *board) {
		send = b.add(d, a.rule, time.Now())
		watch = b.Sending != nil || apart(time.Now(), b.Latest) <= a.rule.Within
	}
	on := a.update
	if err := on(add); err != nil {
		a.rule.logger().Warn().Err(err).Msg("aprimo: cannot share the count of 429s; counting alone")
		on = a.updateAlone
		on(add)
	}
	if send != nil {
		a.hand(*send, on)
	}
	return watch
}

// hand sends an alert in the background and takes it down from the board it is on.
func (a *Alerter) hand(alert Alert, on func(func(*board)) error) {
	a.mu.Lock()
	a.pending++
	a.mu.Unlock()
	a.sending.Go(func() {
		err := a.deliver(alert)
		a.mu.Lock()
		a.pending--
		if err != nil {
			a.err = err
		}
		a.mu.Unlock()
		forOthers := err != nil && a.isClosing()
		if err := on(func(b *board) { b.sent(a.id, forOthers) }); err != nil {
			a.rule.logger().Warn().Err(err).Msg("aprimo: cannot tell the others that the alert was sent")
		}
	})
}

// update changes the board of all.
func (a *Alerter) update(change func(*board)) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
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
		change(&b)
		changed, err := json.Marshal(b)
		if err != nil {
			return err
		}
		if bytes.Equal(old, changed) {
			return nil
		}
		swapped, err := a.rule.Store.CompareAndSwap(ctx, key, old, changed, 2*(a.rule.Within+a.rule.Cooldown)+time.Hour)
		if err != nil || swapped {
			return err
		}
		a.sleep(rand.N(20 * time.Millisecond))
	}
	return errBusy
}

// updateAlone changes the board that this process keeps for itself.
func (a *Alerter) updateAlone(change func(*board)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.alone)
	return nil
}
