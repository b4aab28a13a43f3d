package status

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/topk"
)

const (
	minutes = 60 // of history
	spans   = 6  // of so many minutes each, in which names are counted
	span    = 10 * time.Minute
	latest  = 10 // 429s, one by one
	top     = 10 // names
)

// A record is what was observed in the last hour, in constant memory. The zero value is ready
// to use.
type record struct {
	mu      sync.Mutex
	tenant  string
	minutes [minutes]minute // each at its number since 1970, modulo 60
	spans   [spans]names    // the same, modulo 6
	limited []limited       // the newest last
}

// A minute is what happened in one.
type minute struct {
	Time        time.Time     `json:"time"`
	Calls       int           `json:"calls"`           // that ended
	Sent        int           `json:"sent"`            // requests of these, retries included
	Limited     int           `json:"limited"`         // 429s
	Lost        int           `json:"lost"`            // calls that ended with a 429
	Refused     int           `json:"refused"`         // calls rejected in this process
	Queued      int           `json:"queued"`          // at most
	ServerDelay time.Duration `json:"server_delay_ns"` // at most
}

// names are the users and operations that got 429s in a span.
type names struct {
	number            int64
	users, operations topk.Counter
}

// A limited is a 429.
type limited struct {
	Time      time.Time `json:"time"`
	User      string    `json:"user"`
	Operation string    `json:"operation"`
	Attempt   int       `json:"attempt"`
	Again     bool      `json:"will_retry"`
}

// observe is a transport.Observer.
func (r *record) observe(_ context.Context, e transport.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.minute(e.Time)
	m.Queued, m.ServerDelay = max(m.Queued, e.Queued), max(m.ServerDelay, e.ServerDelay)
	switch e.Kind {
	case transport.Done:
		m.Calls++
		m.Sent += e.Attempt
		if e.Status == 429 {
			m.Lost++
		}
	case transport.Refused:
		m.Refused++
	case transport.RateLimited:
		m.Limited++
		r.count(e)
	}
	if r.tenant == "" {
		r.tenant = tenantOf(e.URL)
	}
}

// count counts the user and operation of a 429.
func (r *record) count(e transport.Event) {
	number := e.Time.Unix() / int64(span/time.Second)
	n := entry(r.spans[:], number)
	if n.number != number {
		*n = names{number: number}
	}
	operation := transport.Operation(e.Method, e.URL)
	n.users.Add(e.User)
	n.operations.Add(operation)
	if len(r.limited) == latest {
		r.limited = append(r.limited[:0], r.limited[1:]...)
	}
	r.limited = append(r.limited, limited{e.Time, e.User, operation, e.Attempt, e.Again})
}

// minute returns the minute of a point in time.
func (r *record) minute(at time.Time) *minute {
	at = at.Round(0).Truncate(time.Minute)
	m := entry(r.minutes[:], at.Unix()/60)
	if !m.Time.Equal(at) {
		*m = minute{Time: at}
	}
	return m
}

// entry returns the place of a number in a ring. Before 1970 a number is negative: a clock
// without a battery can be there.
func entry[T any](ring []T, number int64) *T {
	n := int64(len(ring))
	return &ring[(number%n+n)%n]
}

// A past is a record as it was at a point in time.
type past struct {
	tenant            string
	minutes           []minute // all of the last hour, the newest last
	users, operations []topk.Tally
	limited           []limited // the newest first
}

// last returns the hour that ends now.
func (r *record) last(now time.Time) past {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := past{tenant: r.tenant, users: []topk.Tally{}, operations: []topk.Tally{}, limited: []limited{}}
	now = now.Round(0).Truncate(time.Minute)
	for i := range minutes {
		at := now.Add(time.Duration(i-minutes+1) * time.Minute)
		m := *entry(r.minutes[:], at.Unix()/60)
		if !m.Time.Equal(at) {
			m = minute{Time: at}
		}
		p.minutes = append(p.minutes, m)
	}
	users, operations := topk.Counter{Most: 1000}, topk.Counter{Most: 1000}
	for i := range r.spans {
		n := &r.spans[i]
		// One that is to come was observed before the clock was set back.
		if ago := now.Unix()/int64(span/time.Second) - n.number; ago < spans && ago > -spans {
			users.Merge(&n.users)
			operations.Merge(&n.operations)
		}
	}
	p.users, p.operations = append(p.users, users.Top(top)...), append(p.operations, operations.Top(top)...)
	for i := len(r.limited) - 1; i >= 0; i-- {
		p.limited = append(p.limited, r.limited[i])
	}
	return p
}

// tenantOf returns the tenant that a request goes to: acme for acme.dam.aprimo.com.
func tenantOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	if name, ok := strings.CutSuffix(u.Hostname(), ".aprimo.com"); ok {
		name, _, _ = strings.Cut(name, ".")
		return name
	}
	return u.Hostname()
}
