package congestion

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A pace is a rate, averaged with weights that fall exponentially with age. The span is its
// time constant in seconds.
type pace struct {
	span, last float64
	at         gate.Instant
}

// Events within paceStep count as one moment: that is exact to five digits, and cheap where calls
// are many and short.
const paceStep = 10 * time.Microsecond

func (p *pace) rate(now gate.Instant) float64 {
	return p.last * math.Exp(-float64(max(0, now.Sub(p.at)))/(p.span*float64(time.Second)))
}

func (p *pace) add(now gate.Instant) {
	if now.Sub(p.at).Abs() >= paceStep { // before it: the clock has been set back
		p.last, p.at = p.rate(now), now
	}
	p.last += 1 / p.span
}

// undo reverts an add of late.
func (p *pace) undo() { p.last = max(0, p.last-1/p.span) }

// A history remembers when the last requests were sent. The zero value is ready.
type history struct {
	times [historyLen]gate.Instant
	n     int // so far
}

// historyLen is what a limit of 15 a second allows in more than a minute; of more than 100 a
// second it holds less than the longest delay. (Judgement.)
const historyLen = 1024

func (h *history) add(now gate.Instant) {
	h.times[h.n%historyLen] = now
	h.n++
}

// undo reverts the last add.
func (h *history) undo() { h.n = max(0, h.n-1) }

// nth returns when the n-th last request was sent; 0 if that is not known.
func (h *history) nth(n int) gate.Instant {
	if n < 1 || n > min(h.n, historyLen) {
		return 0
	}
	return h.times[(h.n-n)%historyLen]
}

// between returns how many were sent after from, up to until.
func (h *history) between(from, until gate.Instant) (count int) {
	for n := 1; ; n++ {
		at := h.nth(n)
		if at.IsZero() || !at.After(from) {
			return count
		}
		if !at.After(until) {
			count++
		}
	}
}

// recent returns the requests a second over the last span seconds.
func (h *history) recent(now gate.Instant, span float64) float64 {
	return float64(h.between(now.Add(-seconds(span)), now)) / span
}
