package redislimit

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A pulse is what a beat returns: what all processes know. Times are in microseconds, by
// the server's clock.
type pulse struct {
	now     int64
	pause   int64 // its end; 0: none
	limited int64 // the last 429; 0: none
	answers int64 // of all processes, so far
	law     string
	members []member

	state congestion.State // of law, or the next one
}

// A member is one of the processes, and what it has measured.
type member struct {
	id   string
	seen int64 // when it told that

	delay    float64 // that the server adds, in seconds
	weight   float64 // of delay, 1/variance; 0: not known
	service  float64 // what requests take without delay, in seconds
	inFlight float64
	waiting  float64 // calls
}

// current is for how long a measurement counts, in microseconds: ten beats.
const current = 1_000_000

func pulseOf(values []any) (p pulse, err error) {
	text := make([]string, len(values))
	for i, v := range values {
		text[i], _ = v.(string)
	}
	if len(text) < 5 || (len(text)-5)%3 != 0 {
		return p, errAnswer
	}
	for i, to := range []*int64{&p.now, &p.pause, &p.limited, &p.answers} {
		if *to, err = strconv.ParseInt(text[i], 10, 64); err != nil {
			return p, errAnswer
		}
	}
	p.law = text[4]
	for rest := text[5:]; len(rest) > 0; rest = rest[3:] {
		p.members = append(p.members, memberOf(rest[0], rest[1], rest[2]))
	}
	return p, nil
}

// memberOf returns a member. One whose measurements make no sense has none.
func memberOf(id, seen, measured string) member {
	m := member{id: id}
	m.seen, _ = strconv.ParseInt(seen, 10, 64)
	fields := strings.Fields(measured)
	if len(fields) != 5 {
		return m
	}
	for i, to := range []*float64{&m.delay, &m.weight, &m.service, &m.inFlight, &m.waiting} {
		n, err := strconv.ParseUint(fields[i], 10, 50)
		if err != nil {
			return member{id: id, seen: m.seen}
		}
		*to = float64(n)
	}
	m.delay, m.service = m.delay/1e6, m.service/1e6
	return m
}

func (p pulse) instant() gate.Instant { return instant(p.now) }

func instant(us int64) gate.Instant { return gate.Instant(us * 1000) }

// rank returns how many members come before one.
func (p pulse) rank(id string) (n int) {
	for _, m := range p.members {
		if m.id < id {
			n++
		}
	}
	return n
}

// A total sums up what members have measured.
type total struct{ delay, weight, service, inFlight, waiting float64 }

// measured returns the total of those members that fit and have measured lately.
func (p pulse) measured(fits func(member) bool) (t total) {
	for _, m := range p.members {
		if p.now-m.seen < current && fits(m) {
			t.delay += m.weight * m.delay
			t.service += m.weight * m.service
			t.weight += m.weight
			t.inFlight += m.inFlight
			t.waiting += m.waiting
		}
	}
	if t.weight > 0 {
		t.delay, t.service = t.delay/t.weight, t.service/t.weight
	}
	return t
}

// estimate returns the delay and its standard deviation, 0 if it is not known.
func (t total) estimate() (delay, stddev time.Duration) {
	if t.weight == 0 {
		return 0, 0
	}
	return time.Duration(t.delay * float64(time.Second)), time.Duration(float64(time.Second) / math.Sqrt(t.weight))
}

// observe returns what the controller is told. binds says that the rate of all is below
// the limit.
func (p pulse) observe(binds bool) congestion.Observation {
	t := p.measured(func(member) bool { return true })
	o := congestion.Observation{
		Delay: t.delay, Service: t.service, InFlight: t.inFlight, Peak: t.inFlight, Answers: p.answers,
		Baseline:  true, // who comes later adopts what the others have measured
		Short:     binds && t.waiting > 0,
		Lacking:   t.waiting > 0,
		Limited:   instant(p.limited),
		Paused:    p.pause != 0,
		NextProbe: congestion.NextProbe(p.instant(), time.UnixMicro(p.now)),
	}
	if t.weight > 0 {
		o.Stddev = 1 / math.Sqrt(t.weight)
	}
	return o
}
