package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	mathrand "math/rand" // not v2: a simulation can seed it, so that its runs can be repeated
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// A Store keeps what the Alerters of several processes know together, so that they send one
// alert about an incident and not one each. Package redislimit has one for Redis, [Dir] is one
// for a directory. While it does not return, or after it panics, the Alerter counts alone.
//
// A value has some 20 KiB, and at most 200 KiB with a Rule.Count up to 500. It contains what an
// alert contains: names of users and what they did, but no secret.
type Store = transport.Store

// Dir is a [Store] in a directory: the state of the alerts, and the alerts that are not
// delivered yet, survive a restart of the program, and all programs that use the same
// directory count together. It must be on a local disk. It is created if it does not exist,
// readable for its owner alone.
type Dir string

// Load implements [Store].
func (d Dir) Load(ctx context.Context, key string) ([]byte, error) {
	return locked(ctx, d, key, func() ([]byte, error) { return d.read(key) })
}

// CompareAndSwap implements [Store]. It ignores ttl: a file stays until it is removed by
// hand.
func (d Dir) CompareAndSwap(ctx context.Context, key string, old, new []byte, _ time.Duration) (swapped bool, err error) {
	return locked(ctx, d, key, func() (bool, error) {
		now, err := d.read(key)
		if err != nil || !bytes.Equal(now, old) {
			return false, err
		}
		if err := ctx.Err(); err != nil { // nobody waits any more
			return false, err
		}
		return true, d.write(key, new)
	})
}

// locked calls f while no other process uses the value of key. Reading needs that on Windows,
// where a file that is open cannot be replaced.
func locked[T any](ctx context.Context, d Dir, key string, f func() (T, error)) (T, error) {
	return await(ctx, partGrace, "notify: Dir "+string(d)+": the disk", func() (value T, err error) {
		if err := os.MkdirAll(string(d), 0o700); err != nil {
			return value, err
		}
		lock := flock.New(d.file(key) + ".lock")
		if err := d.ordinary(lock.Path()); err != nil {
			return value, err
		}
		if ok, err := lock.TryLockContext(ctx, 10*time.Millisecond); err != nil || !ok {
			return value, fmt.Errorf("notify: Dir %s: cannot lock: %w", string(d), err)
		}
		defer func() { err = errors.Join(err, lock.Close()) }()
		return f()
	})
}

// maxStored is more than any state has, in bytes.
const maxStored = 16 << 20

// read returns the value of key, or nil.
func (d Dir) read(key string) ([]byte, error) {
	if err := d.ordinary(d.file(key)); err != nil {
		return nil, err
	}
	f, err := os.Open(d.file(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxStored))
}

// ordinary returns an error if a file is not one: a pipe would block, and a link lead
// elsewhere.
func (d Dir) ordinary(file string) error {
	info, err := os.Lstat(file)
	if err != nil || info.Mode().IsRegular() {
		return nil
	}
	return fmt.Errorf("notify: Dir %s: %s is not a regular file: remove it", string(d), filepath.Base(file))
}

// write replaces a file in one step: after a crash it is the old or the new one. The
// caller has the lock.
func (d Dir) write(key string, b []byte) error {
	if err := d.ordinary(d.file(key) + ".new"); err != nil {
		return err
	}
	f, err := os.OpenFile(d.file(key)+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), d.file(key))
}

func (d Dir) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(string(d), "alerts-"+hex.EncodeToString(sum[:8])+".json")
}

const (
	storeTimeout = 2 * time.Second // for one update, all tries together
	storeTries   = 50
	storeTTL     = 72 * time.Hour // longer than anything that the state remembers
)

var errContended = errors.New("notify: the Store was changed by other processes at each attempt")

// update removes from the state what this process has delivered, and changes it, in the Store,
// or this process's own while the Store cannot be used. It may block; Observe does not wait for it.
func (a *Alerter) update(change func(*sharedState)) {
	a.updating <- struct{}{}
	defer func() { <-a.updating }()
	a.mu.Lock()
	done := slices.Clone(a.done)
	a.mu.Unlock()
	learn := func(s *sharedState) {
		for _, r := range done {
			s.remove(r)
		}
		change(s)
	}
	if a.rule.Store != nil {
		err := a.updateStore(learn)
		a.setAlone(err)
		if err == nil {
			return
		}
	}
	learn(&a.own)
	a.setStatus(&a.own)
}

// setStatus keeps what Status returns.
func (a *Alerter) setStatus(s *sharedState) {
	status := s.status(a.rule)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status, a.mute = status, a.mute.orLater(s.Mute)
}

// setAlone notes whether the Store could be used. While it cannot, this process goes on
// from the state as it was last.
func (a *Alerter) setAlone(err error) {
	switch {
	case err != nil && !a.own.alone:
		a.own, _ = decodeState(a.stored) // which this process has written
		a.own.alone = true
		a.own.Pending = slices.DeleteFunc(a.own.Pending, func(p pendingAlert) bool { return p.Sender != a.id })
		a.log(func(l *zerolog.Logger) {
			l.Warn().Err(err).Msg("aprimo: the Store of the alerts cannot be used; this process counts alone")
		})
	case err == nil && a.own.alone:
		a.own = sharedState{}
		a.log(func(l *zerolog.Logger) { l.Info().Msg("aprimo: the Store of the alerts can be used again") })
	}
}

// updateStore changes the state in the Store. It first adds what was counted without it.
func (a *Alerter) updateStore(change func(*sharedState)) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	key := "alert of 429s " + a.rule.Tenant
	for range storeTries {
		old, err := a.rule.Store.Load(ctx, key)
		if err != nil {
			return err
		}
		s, err := a.changed(old, change)
		if err != nil {
			return err
		}
		changed, err := s.encode()
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
			a.stored = changed
			a.setStatus(&s)
			return nil
		}
		a.wait(time.Duration(mathrand.Int63n(int64(20*time.Millisecond))), nil)
	}
	return errContended
}

// changed returns the state that replaces old. Invalid state, which a damaged disk may
// have left, counts as none: alerts must go on.
func (a *Alerter) changed(old []byte, change func(*sharedState)) (s sharedState, err error) {
	restart := func(why any) {
		a.log(func(l *zerolog.Logger) {
			l.Error().Str("error", clean(fmt.Sprint(why), maxReason)).Msg("aprimo: the Store's state of the alerts is invalid; starting with an empty one")
		})
		s = sharedState{}
	}
	defer func() {
		if p := recover(); p != nil {
			restart(p)
			change(&s)
		}
	}()
	if len(old) == 0 { // by a Store that was emptied: it gets back what it had
		old = a.stored
	}
	s, err = decodeState(old)
	if errors.Is(err, errStateTooNew) {
		return s, err
	}
	if err != nil {
		restart(err.Error())
		err = nil
	}
	if a.own.alone {
		base, _ := decodeState(a.stored)
		var own sharedState // a copy: this may have to be done again
		if own, err = a.own.clone(); err == nil {
			s.merge(own, base)
		}
	}
	change(&s)
	return s, err
}
