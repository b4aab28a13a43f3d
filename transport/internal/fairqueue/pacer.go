package fairqueue

import (
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A Pacer spreads batch work evenly over the second and keeps a part of the limit free.
// The limit alone lets n calls go at once and then none for a second. That finishes a
// burst soonest, but a better call that arrives after it waits for the rest of the
// second. Beside batch work that goes one by one, it finds a free slot or one that is
// due in a moment. No slot is lost, as the same number goes in a second.
//
// The zero value holds nobody back.
type Pacer struct {
	Reserve float64 // the part of the limit that is kept free, from 0 to maxReserve

	gap     time.Duration // between two calls
	catchUp time.Duration // how much of its lateness a goroutine may make up for
	free    gate.Instant  // when the next call is due
}

const (
	// maxReserve leaves batch work a hundredth of the limit, so that it does not starve.
	maxReserve = 0.99

	// maxAdvance is how far ahead of its time batch work may be while other classes
	// wait: their slots become available together, once a second, and batch work is to
	// get its part of them.
	maxAdvance = time.Second
)

// NewPacer returns a Pacer for a limit of rate slots a second. It keeps the part reserve
// of them free; less than 0 counts as 0, more than 0.99 as 0.99. A slot may be used for
// catchUp after it was granted: so late goroutines make up for no more than that, which
// the windows of the limit are longer by. A rate of 0 or less is not known: then it holds
// nobody back.
func NewPacer(rate, reserve float64, catchUp time.Duration) Pacer {
	if rate <= 0 {
		return Pacer{}
	}
	reserve = min(max(0, reserve), maxReserve)
	gap := time.Duration(1/(rate*(1-reserve))*float64(time.Second)) + 1 // 1 ns, as it was rounded down
	return Pacer{Reserve: reserve, gap: gap, catchUp: catchUp}
}

// held returns for how long the next call is held back; 0 or less if it is not.
func (p *Pacer) held(now gate.Instant, othersWait bool) time.Duration {
	if othersWait {
		now = now.Add(maxAdvance)
	}
	return p.free.Sub(now)
}

// account notes that a call went.
func (p *Pacer) account(at gate.Instant) {
	if p.gap == 0 {
		return
	}
	p.free = max(p.free, at.Add(-p.catchUp)).Add(p.gap)
}
