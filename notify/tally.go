package notify

import (
	"net/http"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/topk"
)

const (
	maxSamples = 3  // of the first events and of the last ones, each
	maxTop     = 10 // names in an Alert
)

// A Tally is how often something was counted.
type Tally = topk.Tally

// A tally is what has been counted of one level, in constant memory. The zero
// value is ready for use.
type tally struct {
	count    int
	times    []time.Time // of the last events, as many as make an alert due
	users    topk.Counter
	ops      topk.Counter
	rejected int // events that are 429s
	flying   int // the sum of our requests at the server, at these
	first    []transport.Event
	last     [maxSamples]transport.Event // a ring; the newest is at (count-1)%maxSamples
	tenant   string
}

// add counts an event, given as a sample, that happened at a point in time of the
// Alerter's own clock.
func (t *tally) add(e transport.Event, at time.Time, limit int) {
	if t.count == 0 {
		t.tenant = tenantOf(e.URL)
	}
	if len(t.times) >= 2*limit { // drop half of them at once, not one each time
		t.times = append(t.times[:0], t.times[len(t.times)-limit:]...)
	}
	t.times = append(t.times, at)
	t.users.Add(e.User)
	t.ops.Add(operation(e.Method, e.URL))
	if e.Status == http.StatusTooManyRequests {
		t.rejected++
		t.flying += min(max(0, e.InFlight), tenantQueue)
	}
	if len(t.first) < maxSamples {
		t.first = append(t.first, e)
	}
	t.last[t.count%maxSamples] = e
	t.count++
}

// sum returns what was counted by a process, whose clock is so much behind.
func (t *tally) sum(by string, behind time.Duration) Alert {
	return Alert{
		Since: t.times[0].Add(behind), Latest: t.times[len(t.times)-1].Add(behind), Total: t.count, Tenant: t.tenant,
		Users: t.users.Top(maxCounted), Operations: t.ops.Top(maxCounted), Hosts: []Tally{{Name: by, Count: t.count}},
		Samples: t.samples(),
	}
}

// samples returns the first and the last events, each once.
func (t *tally) samples() []transport.Event {
	all := append([]transport.Event(nil), t.first...)
	for i := max(len(t.first), t.count-maxSamples); i < t.count; i++ {
		all = append(all, t.last[i%maxSamples])
	}
	return all
}

// sample returns what is kept of an event: it must not hold on to long strings
// or to whatever an error refers to.
func sample(e transport.Event) transport.Event {
	e.User = strings.Clone(clean(e.User, maxText))
	e.Method = strings.Clone(clean(e.Method, maxText))
	url, _, _ := strings.Cut(e.URL, "?")
	e.URL = strings.Clone(clean(url, maxText))
	e.Err = nil
	return e
}
