package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/transport"
)

// A strayError says how foreign code failed to return, and wraps the cause of the context's
// end. It is the error of await itself; in the chain of another error it is about something
// else, which that one was waiting for.
type strayError struct{ error }

func (e strayError) Unwrap() error { return errors.Unwrap(e.error) }

func isStray(err error) bool {
	_, ok := err.(strayError)
	return ok
}

const (
	grace     = time.Second // that a Notifier or a Store may return late
	partGrace = grace / 2   // that what it calls itself may: otherwise both would be late
)

// await calls f, which is not ours but whose, in a goroutine of its own: f may hang, panic or
// end its goroutine. A late f has until grace after the context's end; then its goroutine is
// left behind, and ends when f does.
func await[T any](ctx context.Context, grace time.Duration, whose string, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1) // so that a late f does not block
	go func() {
		r := result{err: strayError{errors.New(whose + " ended its goroutine")}}
		defer func() {
			if p := recover(); p != nil {
				r.err = strayError{errors.New(whose + " panicked: " + clean(transport.Redact(fmt.Sprint(p)), maxReason))}
			}
			done <- r
		}()
		r.value, r.err = f()
	}()
	var late <-chan time.Time
	for end := ctx.Done(); ; {
		select {
		case r := <-done:
			return r.value, r.err
		case <-end:
			if whole := timeoutOf(ctx).extended(); whole != nil && whole.Err() == nil {
				end = whole.Done()
				continue
			}
			end = nil
			t := time.NewTimer(grace)
			defer t.Stop()
			late = t.C
		case <-late:
			var none T
			return none, strayError{fmt.Errorf("%s does not return when its context ends: %w", whose, context.Cause(ctx))}
		}
	}
}

// maxReason is how many characters are kept of an error's text from outside.
const maxReason = 300

// A foreignError is an error that is not ours, with a text that is fit to be shown. It has
// no Unwrap, so that nobody prints what its text leaves out.
type foreignError struct {
	text string
	err  error
}

func (e *foreignError) Error() string        { return e.text }
func (e *foreignError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *foreignError) As(target any) bool   { return errors.As(e.err, target) }

// urlInText is a URL, whose path and query may be secret. The host is not.
var urlInText = regexp.MustCompile(`(?i)\b([a-z][a-z0-9+.-]*://)(?:[^\s"'/?#@]*@)?([^\s"'/?#]+)[^\s"']*`)

// quote makes an error from outside fit to be shown: short, in one line, printable, and
// without the secret and what follows a URL's host.
func quote(err error, hide redactor) error {
	text := err.Error()
	text = urlInText.ReplaceAllString(text[:min(len(text), maxAnswer)], "$1$2")
	text = transport.Redact(hide.text(text))
	return &foreignError{clean(strings.Join(strings.Fields(text), " "), maxReason), err}
}

// A guardedStore calls a Store, which may hang, panic or end its goroutine. While one call
// hangs there is no other.
type guardedStore struct {
	store Store
	busy  atomic.Bool
}

func (g *guardedStore) Load(ctx context.Context, key string) ([]byte, error) {
	return guarded(ctx, g, func() ([]byte, error) { return g.store.Load(ctx, key) })
}

func (g *guardedStore) CompareAndSwap(ctx context.Context, key string, old, new []byte, ttl time.Duration) (bool, error) {
	return guarded(ctx, g, func() (bool, error) { return g.store.CompareAndSwap(ctx, key, old, new, ttl) })
}

func guarded[T any](ctx context.Context, g *guardedStore, f func() (T, error)) (T, error) {
	if !g.busy.CompareAndSwap(false, true) {
		var none T
		return none, errors.New("notify: the Store has not returned from an earlier call")
	}
	return await(ctx, grace, "notify: the Store", func() (T, error) {
		defer g.busy.Store(false)
		value, err := f()
		if err != nil {
			err = quote(err, nil)
		}
		return value, err
	})
}

// logWithin is how long a line may take. A logger that hangs must not stop the alerts.
const logWithin = time.Second

// log writes a line.
func (a *Alerter) log(write func(*zerolog.Logger)) {
	ctx, cancel := context.WithTimeout(context.Background(), logWithin)
	defer cancel()
	select {
	case a.logging <- struct{}{}:
	case <-ctx.Done(): // an earlier line hangs
		return
	}
	_, _ = await(ctx, 0, "the logger", func() (_ struct{}, _ error) {
		defer func() { <-a.logging }()
		write(cmp.Or(a.rule.Logger, &log.Logger))
		return
	})
}
