package notify

import (
	"net/http"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport"
)

const (
	maxSamples = 3  // of the first events and of the last ones, each
	maxTop     = 10 // names in an Alert
)

// A tally is everything that one alert tells, in constant memory. The zero
// value is ready for use.
type tally struct {
	since   time.Time // of the first 429
	limited int
	lost    int
	again   int // succeeded at a later attempt
	refused int
	paused  int
	queued  int
	delay   time.Duration
	users   topK
	ops     topK
	first   []transport.Event
	last    [maxSamples]transport.Event // a ring; the newest is at (limited-1)%maxSamples
	tenant  string
}

// limitedBy counts a 429, given as a sample.
func (t *tally) limitedBy(e transport.Event, operation string) {
	if t.limited == 0 {
		t.since = e.Time
		t.tenant = tenantOf(e.URL)
	}
	t.users.add(e.User)
	t.ops.add(operation)
	t.queued, t.delay = e.Queued, e.Delay
	if len(t.first) < maxSamples {
		t.first = append(t.first, e)
	}
	t.last[t.limited%maxSamples] = e
	t.limited++
}

// observe counts an event of another kind.
func (t *tally) observe(e transport.Event) {
	switch {
	case e.Kind == transport.Refused:
		t.refused++
	case e.Kind == transport.Paused:
		t.paused++
	case e.Kind != transport.Done:
	case e.Status == http.StatusTooManyRequests:
		t.lost++
	case e.Attempt > 1 && e.Status > 0 && e.Status < 400:
		t.again++
	}
}

// reset forgets everything but keeps the memory.
func (t *tally) reset() {
	users, ops := t.users, t.ops
	users.reset()
	ops.reset()
	*t = tally{users: users, ops: ops}
}

// samples returns the first and the last events, each once.
func (t *tally) samples() []transport.Event {
	all := append([]transport.Event(nil), t.first...)
	for i := max(len(t.first), t.limited-maxSamples); i < t.limited; i++ {
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
