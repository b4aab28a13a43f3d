package redislimit

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/congestion"
	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// A beatReply is the reply to a beat: what all processes know. Times are in microseconds, by the
// server's clock.
type beatReply struct {
	now     int64
	pause   int64 // its end; 0: none
	limited int64 // the last 429; 0: none
	answers int64 // of all processes, so far
	wrong   int64 // 1: an invalid pause was discarded
	law     string
	members []member

	state congestion.State // of law, or the next one
}

// A member is one of the processes, and what it has measured.
type member struct {
	id   string
	seen int64 // when it measured that

	delay    float64 // that the server adds, in seconds
	weight   float64 // of delay, 1/variance; 0: not known
	service  float64 // what requests take without delay, in seconds
	inFlight float64
	waiting  float64 // calls
	refused  float64 // answers 429 a second
	served   float64 // other answers a second
	alone    bool    // it has no slots, and uses its part of the limit
}

// aloneMark follows the measurement of a member that is alone.
const aloneMark = "alone"

// current is how long a measurement counts, in microseconds: ten beats.
const current = 1_000_000

const (
	maxMembers = 1000
	maxText    = 4096                  // bytes of a text in an answer
	maxTime    = 9_000_000_000_000_000 // microseconds: until the year 2255, and no overflow as nanoseconds
	header     = 6                     // texts before the members
)

// beatReplyOf reads the reply to a beat. A reply that the script cannot have made is an error.
func beatReplyOf(values []any) (p beatReply, err error) {
	if n := len(values); n < header || n > header+3*maxMembers || (n-header)%3 != 0 {
		return p, errAnswer
	}
	text := make([]string, len(values))
	for i, v := range values {
		if text[i], _ = v.(string); len(text[i]) > maxText {
			return p, errAnswer
		}
	}
	for i, to := range []*int64{&p.now, &p.pause, &p.limited, &p.answers, &p.wrong} {
		if *to, err = strconv.ParseInt(text[i], 10, 64); err != nil || *to < 0 || *to > maxTime {
			return p, errAnswer
		}
	}
	if p.now == 0 || p.limited > p.now || p.pause > p.now+maxPause.Microseconds() {
		return p, errAnswer
	}
	p.law = text[header-1]
	for rest := text[header:]; len(rest) > 0; rest = rest[3:] {
		p.members = append(p.members, memberOf(rest[0], rest[1], rest[2]))
	}
	return p, nil
}

// memberOf returns a member. One whose measurements make no sense has none, or they are
// those of another version of this package: it counts as a process nevertheless.
func memberOf(id, seen, measured string) member {
	m := member{id: id}
	m.seen, _ = strconv.ParseInt(seen, 10, 64)
	fields := strings.Fields(measured)
	if len(fields) > 0 && fields[len(fields)-1] == aloneMark {
		m.alone, fields = true, fields[:len(fields)-1]
	}
	if len(fields) != 7 {
		return m
	}
	for i, f := range []struct {
		to   *float64
		most uint64
	}{{&m.delay, 3600e6}, {&m.weight, maxWeight}, {&m.service, 3600e6}, {&m.inFlight, 1e6}, {&m.waiting, 1e6},
		{&m.refused, 1e9}, {&m.served, 1e9}} {
		n, err := strconv.ParseUint(fields[i], 10, 64)
		if err != nil || n > f.most {
			return member{id: id, seen: m.seen, alone: m.alone}
		}
		*f.to = float64(n)
	}
	m.delay, m.service = m.delay/1e6, m.service/1e6
	m.refused, m.served = m.refused/1e3, m.served/1e3
	return m
}

func (p beatReply) instant() gate.Instant { return instant(p.now) }

func instant(us int64) gate.Instant { return gate.Instant(us * 1000) }

// rank returns how many members come before one.
func (p beatReply) rank(id string) (n int) {
	for _, m := range p.members {
		if m.id < id {
			n++
		}
	}
	return n
}

// apart returns how many members other than one are alone.
func (p beatReply) apart(id string) (n int) {
	for _, m := range p.members {
		if m.alone && m.id != id {
			n++
		}
	}
	return n
}

// A total sums up what members have measured.
type total struct{ delay, weight, service, inFlight, waiting, refused, served float64 }

// measured returns the total of those members that fit and have measured lately.
func (p beatReply) measured(fits func(member) bool) (t total) {
	for _, m := range p.members {
		if p.now-m.seen < current && fits(m) {
			t.delay += m.weight * m.delay
			t.service += m.weight * m.service
			t.refused += m.refused
			t.served += m.served
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

// leastRoundTrip, in seconds, keeps a division by zero away.
const leastRoundTrip = 0.02

// observe returns what the controller is given. binds says that the rate of all is below
// the limit.
func (p beatReply) observe(binds bool) congestion.Observation {
	t := p.measured(func(member) bool { return true })
	o := congestion.Observation{
		Delay: t.delay, Service: t.service, Refused: t.refused, Served: t.served, InFlight: t.inFlight, Peak: t.inFlight, Answers: p.answers,
		Baseline:  true, // who comes later adopts what the others have measured
		Short:     binds && t.waiting > 0,
		Lacking:   t.waiting > 0,
		Limited:   instant(p.limited),
		Paused:    p.pause != 0,
		NextProbe: congestion.NextProbe(p.instant(), time.UnixMicro(p.now)),
	}
	o.Sending = t.inFlight / max(leastRoundTrip, t.service+t.delay) // by Little's law
	if t.weight > 0 {
		o.Stddev = 1 / math.Sqrt(t.weight)
	}
	return o
}
