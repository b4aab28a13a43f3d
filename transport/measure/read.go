package measure

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// Read tells the Gauges and Sums of a Transport as they are now. Those that do not
// apply are left out. It is safe for concurrent use.
func Read(t *transport.Transport, tell func(name string, value float64, attributes ...string)) {
	s := t.Stats()
	var queued [3]int
	classes := [...]transport.Priority{transport.Interactive, transport.Normal, transport.Batch}
	for _, w := range t.Queue() {
		queued[transport.Interactive-w.Priority] += w.Calls
	}
	for i, class := range classes {
		tell(QueuedRequests, float64(queued[i]), class.String())
	}
	tell(InFlight, float64(s.InFlight))
	if s.Window < math.MaxInt {
		tell(Window, float64(s.Window))
	}
	tell(Rate, s.Rate)
	if s.Limit > 0 {
		tell(Limit, s.Limit)
	}
	tell(ServerDelay, s.ServerDelay.Seconds())
	if s.Others.Stddev > 0 {
		tell(Others, s.Others.Rate)
	}
	pause := 0.0
	if !s.PausedUntil.IsZero() {
		pause = max(0, time.Until(s.PausedUntil).Seconds())
	}
	tell(Pause, pause)
	if s.Sharing == transport.SharingNone {
		return
	}
	up := 0.0
	if s.Sharing == transport.SharingAll {
		up = 1
	}
	tell(CoordinatorUp, up)
	tell(CoordinatedWith, float64(s.Processes))
}
