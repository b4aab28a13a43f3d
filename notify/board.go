package notify

import (
	"crypto/rand"
	"slices"
	"time"
)

// A board is what several Alerters know together of an incident: a plain value
// that each of them reads, adds to and writes back if nobody else has meanwhile.
// Its methods use no clock but the one they are given, and wait for nothing.
type board struct {
	Incident string
	Number   int
	Latest   time.Time   // the last 429
	Previous time.Time   // the last alert
	Times    []time.Time // the last 429s, as many as make an alert due, in order
	Sum      Alert       // what the next alert will tell

	// The alert that is on its way, who sends it, and until when that one must
	// have said again that it does.
	Sending *Alert
	Sender  string
	Lease   time.Time
}

const maxShared = 50 // names in a board, of each kind

// lease is after how long without a word a sender is taken for dead.
func (r Rule) lease() time.Duration { return r.Timeout + 3*watchEvery }

// add takes in what a process has counted, and returns the alert that it has to
// send now, or nil.
func (b *board) add(d delta, r Rule, now time.Time) *Alert {
	if d.sum.Count > 0 {
		b.count(d, r, now)
	}
	switch {
	case b.Sending == nil:
	case b.Sender == d.id && d.sending:
		b.Lease = now.Add(r.lease())
		return nil
	case b.Sender == d.id && !d.alone.IsZero() && apart(now, d.alone) < r.Cooldown:
		b.Sending, b.Sender = nil, "" // the Store's answer was lost, and the alert was sent without it
		return nil
	case b.Sender == d.id: // the Store's answer was lost
		b.Lease = now.Add(r.lease())
		return b.Sending
	case now.After(b.Lease):
		b.Sender, b.Lease = d.id, now.Add(r.lease())
		return b.Sending
	default:
		return nil
	}
	full := len(b.Times) == r.Count && apart(b.Times[r.Count-1], b.Times[0]) <= r.Within
	if d.sum.Count == 0 || !full || b.cooling(r, now) {
		return nil
	}
	if b.Incident == "" {
		b.Incident = rand.Text()
	}
	b.Number++
	alert := b.Sum
	alert.Incident, alert.Number, alert.Time, alert.Previous = b.Incident, b.Number, now, b.Previous
	alert.Users, alert.Operations = cut(alert.Users, maxTop), cut(alert.Operations, maxTop)
	alert.Hosts = cut(alert.Hosts, maxTop)
	b.Previous, b.Sum = now, Alert{}
	b.Sending, b.Sender, b.Lease = &alert, d.id, now.Add(r.lease())
	return &alert
}

// count adds up.
func (b *board) count(d delta, r Rule, now time.Time) {
	if apart(d.times[0], b.Latest) > r.Within { // also for the very first
		b.Incident, b.Number, b.Times, b.Sum = "", 0, nil, Alert{}
	}
	b.Times = append(b.Times, d.times...)
	slices.SortFunc(b.Times, time.Time.Compare)
	b.Latest = b.Times[len(b.Times)-1]
	b.Times = b.Times[max(0, len(b.Times)-r.Count):]

	s := &b.Sum
	if b.cooling(r, now) {
		s.Suppressed += d.sum.Count
	}
	n := d.sum
	n.Suppressed = s.Suppressed
	n.Count += s.Count
	n.Lost += s.Lost
	n.Recovered += s.Recovered
	n.Refused += s.Refused
	n.Paused += s.Paused
	n.Users = merge(s.Users, n.Users)
	n.Operations = merge(s.Operations, n.Operations)
	n.Hosts = merge(s.Hosts, []Tally{{Name: d.by, Count: d.sum.Count}})
	if s.Count > 0 {
		if s.Since.Before(n.Since) {
			n.Since = s.Since
		}
		n.Samples = append(s.Samples[:min(maxSamples, len(s.Samples))], n.Samples[max(0, len(n.Samples)-maxSamples):]...)
	}
	b.Sum = n
}

func (b *board) cooling(r Rule, now time.Time) bool {
	return !b.Previous.IsZero() && apart(now, b.Previous) < r.Cooldown
}

// sent takes down an alert that was sent, or that its sender gives up: then
// another one may try, or, if it was tried for long enough, nobody.
func (b *board) sent(id string, forOthers bool) {
	switch {
	case b.Sending == nil || b.Sender != id:
	case forOthers:
		b.Lease = time.Time{}
	default:
		b.Sending, b.Sender = nil, ""
	}
}

// merge adds up the counts of each name.
func merge(a, b []Tally) []Tally {
	var k topK
	for _, t := range slices.Concat(a, b) {
		k.addTally(t)
	}
	return k.top(maxShared)
}

func cut(list []Tally, n int) []Tally { return list[:min(n, len(list))] }
