package measure

import (
	"math"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

// Read reports the current Gauges and Sums of a Transport, except those that do not apply. It is
// safe for concurrent use.
func Read(t *transport.Transport, report func(name string, value float64, attributes ...string)) {
	s := t.Stats()
	var queued [3]int
	classes := [...]transport.Priority{transport.Interactive, transport.Normal, transport.Batch}
	for _, w := range t.Queue() {
		queued[transport.Interactive-w.Priority] += w.Calls
	}
	for i, class := range classes {
		report(QueuedRequests, float64(queued[i]), class.String())
	}
	report(InFlight, float64(s.InFlight))
	if s.Window < math.MaxInt {
		report(Window, float64(s.Window))
	}
	report(Rate, s.Rate)
	if s.Limit > 0 {
		report(Limit, s.Limit)
	}
	report(ServerDelay, s.ServerDelay.Seconds())
	if s.Others.Stddev > 0 {
		report(Others, s.Others.Rate)
	}
	pause := 0.0
	if !s.PausedUntil.IsZero() {
		pause = max(0, time.Until(s.PausedUntil).Seconds())
	}
	report(Pause, pause)
	if s.Sharing == transport.SharingNone {
		return
	}
	up := 0.0
	if s.Sharing == transport.SharingAll {
		up = 1
	}
	report(CoordinatorUp, up)
	report(CoordinatedWith, float64(s.Processes))
}
