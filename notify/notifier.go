package notify

import (
	"context"
	"errors"
)

// A Notifier tells people of an alert. It must be safe for concurrent use and
// return soon after its context has ended.
//
// An error makes the [Alerter] try again later, unless it wraps [ErrPermanent].
type Notifier interface {
	Notify(ctx context.Context, a Alert) error
}

// NotifierFunc makes a function a [Notifier], for a chat, a ticket or a pager.
type NotifierFunc func(ctx context.Context, a Alert) error

// Notify calls f.
func (f NotifierFunc) Notify(ctx context.Context, a Alert) error { return f(ctx, a) }

// ErrPermanent marks the error of a [Notifier] that would fail again in the
// same way, such as a refused password. A Notifier wraps it into its errors:
//
//	return fmt.Errorf("the chat does not know us: %w", notify.ErrPermanent)
var ErrPermanent = errors.New("trying again is of no use")
