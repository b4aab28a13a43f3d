package notify

import (
	"context"
	"sync/atomic"
	"time"
)

// answerWithin is how long a mail server may take to confirm a mail that it has got, as
// RFC 5321 4.5.3.2.6 asks: who leaves earlier and tries again sends the mail twice.
const answerWithin = 10 * time.Minute

// An attemptTimeout bounds one attempt: by Rule.Timeout, or, once the alert is handed over and
// only the answer is missing, by answerWithin more.
type attemptTimeout struct {
	usual, whole context.Context
	handedOver   atomic.Bool
}

type timeoutKey struct{}

// timeoutOf returns that of the attempt that a context belongs to, or nil.
func timeoutOf(ctx context.Context) *attemptTimeout {
	p, _ := ctx.Value(timeoutKey{}).(*attemptTimeout)
	return p
}

// extend makes the Alerter wait for the answer, and reports whether it still waits.
func (p *attemptTimeout) extend() bool {
	p.handedOver.Store(true)
	return p.usual.Err() == nil
}

// extended returns the context to wait for instead, or nil.
func (p *attemptTimeout) extended() context.Context {
	if p == nil || !p.handedOver.Load() {
		return nil
	}
	return p.whole
}

// attempt returns the context of one attempt. When the program ends it has little more than
// Rule.Timeout.
func (a *Alerter) attempt() (context.Context, context.CancelFunc) {
	p := new(attemptTimeout)
	whole, cancelWhole := context.WithTimeout(context.Background(), a.rule.Timeout+answerWithin)
	usual, cancelUsual := context.WithTimeout(context.WithValue(whole, timeoutKey{}, p), a.rule.Timeout)
	p.whole, p.usual = whole, usual
	stop := context.AfterFunc(a.life, func() { time.AfterFunc(a.rule.Timeout+grace, cancelWhole) })
	return usual, func() { stop(); cancelUsual(); cancelWhole() }
}
