package notify

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/topk"
)

// Samples are some of the events of an incident, the first and the last ones. As JSON
// each has its time, user, method, url, and attempt.
type Samples []transport.Event

type sampleJSON struct {
	Time    time.Time `json:"time"`
	User    string    `json:"user"`
	Method  string    `json:"method"`
	URL     string    `json:"url"`
	Attempt int       `json:"attempt"`
	Status  int       `json:"status,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (s Samples) MarshalJSON() ([]byte, error) {
	all := make([]sampleJSON, len(s))
	for i, e := range s {
		all[i] = sampleJSON{e.Time, e.User, e.Method, e.URL, e.Attempt, e.Status}
	}
	return json.Marshal(all)
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Samples) UnmarshalJSON(b []byte) error {
	var all []sampleJSON
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*s = nil
	for _, e := range all {
		*s = append(*s, transport.Event{Time: e.Time, User: e.User, Method: e.Method, URL: e.URL, Attempt: e.Attempt, Status: e.Status})
	}
	return nil
}

// include adds up what two sums tell, the later one being o.
func (a *Alert) include(o Alert) {
	if o.Total == 0 {
		return
	}
	if a.Total == 0 || o.Since.Before(a.Since) {
		a.Since = o.Since
	}
	if o.Latest.After(a.Latest) {
		a.Latest = o.Latest
	}
	if a.Tenant == "" {
		a.Tenant = o.Tenant
	}
	a.Total += o.Total
	a.Lost += o.Lost
	a.Recovered += o.Recovered
	a.Refused += o.Refused
	a.Paused += o.Paused
	a.Peak = max(a.Peak, o.Peak)
	a.Queued, a.Delay, a.ServerDelay = o.Queued, o.Delay, o.ServerDelay
	a.Users = merge(a.Users, o.Users)
	a.Operations = merge(a.Operations, o.Operations)
	a.Hosts = merge(a.Hosts, o.Hosts)
	a.Samples = slices.Concat(a.Samples, o.Samples)
	if n := len(a.Samples); n > 2*maxSamples {
		a.Samples = slices.Concat(a.Samples[:maxSamples], a.Samples[n-maxSamples:])
	}
}

// brief returns it with fewer names.
func (a Alert) brief() Alert {
	a.Users, a.Operations, a.Hosts = first(a.Users, maxHeld), first(a.Operations, maxHeld), first(a.Hosts, maxHeld)
	return a
}

// merge adds up the counts of each name.
func merge(a, b []Tally) []Tally {
	k := topk.Counter{Most: maxShared}
	for _, t := range slices.Concat(a, b) {
		k.AddTally(t)
	}
	return k.Top(maxShared)
}

func first(list []Tally, n int) []Tally { return list[:min(n, len(list))] }
