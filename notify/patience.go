package notify

import (
	"context"
	"sync/atomic"
	"time"
)

// answerWithin is how long a mail server may take to confirm a mail that it has got, as
// RFC 5321 4.5.3.2.6 asks: who leaves earlier and tries again sends the mail twice.
const answerWithin = 10 * time.Minute

// A patience is that of an Alerter with one attempt. It ends with Rule.Timeout, or, once
// the alert is handed over and only the answer is missing, with the whole time.
type patience struct {
	usual, whole context.Context
	handedOver   atomic.Bool
}

type patienceKey struct{}

// patienceOf returns that of the attempt that a context belongs to, or nil.
func patienceOf(ctx context.Context) *patience {
	p, _ := ctx.Value(patienceKey{}).(*patience)
	return p
}

// extend makes the Alerter wait for the answer, and reports whether it still waits.
func (p *patience) extend() bool {
	p.handedOver.Store(true)
	return p.usual.Err() == nil
}

// extended returns the context to wait for instead, or nil.
func (p *patience) extended() context.Context {
	if p == nil || !p.handedOver.Load() {
		return nil
	}
	return p.whole
}

// attempt returns the context of one attempt. When the program ends it has little more than
// Rule.Timeout.
func (a *Alerter) attempt() (context.Context, context.CancelFunc) {
	p := new(patience)
	whole, cancelWhole := context.WithTimeout(context.Background(), a.rule.Timeout+answerWithin)
	usual, cancelUsual := context.WithTimeout(context.WithValue(whole, patienceKey{}, p), a.rule.Timeout)
	p.whole, p.usual = whole, usual
	stop := context.AfterFunc(a.life, func() { time.AfterFunc(a.rule.Timeout+grace, cancelWhole) })
	return usual, func() { stop(); cancelUsual(); cancelWhole() }
}
