package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// stateVersion is the version of what a Store holds. It grows when an older program
// could not go on from what a newer one has stored.
const stateVersion = 1

// errStateTooNew keeps an old program from overwriting what it would lose a part of.
var errStateTooNew = errors.New("update this program, or give it a Store of its own")

// decodeState reads what a Store holds; nothing is the zero state.
func decodeState(stored []byte) (s sharedState, err error) {
	if len(stored) == 0 {
		return s, nil
	}
	var head struct {
		Version int `json:"version"`
	}
	if err = json.Unmarshal(stored, &head); err != nil {
		return s, err
	}
	switch {
	case head.Version > stateVersion:
		return s, fmt.Errorf("notify: the Store holds state of version %d, this program reads versions up to %d: %w", head.Version, stateVersion, errStateTooNew)
	case head.Version < 1:
		s, err = decodeV0(stored)
	default:
		err = json.Unmarshal(stored, &s)
	}
	if err != nil {
		return s, err
	}
	return s, s.check()
}

// maxYear is some time before the last year that JSON can hold.
const maxYear = 9000

// check returns an error if a time of the state is long after its own. Such a time is damaged, and
// would keep alerts back until then.
func (s *sharedState) check() error {
	most := s.Now.Add(storeTTL)
	damaged := s.Now.Year() > maxYear || slices.ContainsFunc(s.Sent, func(t time.Time) bool { return t.After(most) }) ||
		slices.ContainsFunc(s.Pending, func(p pendingAlert) bool { return p.Lease.After(most) })
	for _, c := range s.Incidents.all() {
		damaged = damaged || c.Reported.After(most)
	}
	if damaged {
		return errors.New("notify: the state has a time long after its own")
	}
	return nil
}

// encode returns what a Store is to hold.
func (s sharedState) encode() ([]byte, error) {
	s.Version = stateVersion
	return json.Marshal(s)
}

// clone returns a copy that shares nothing with s.
func (s sharedState) clone() (sharedState, error) {
	text, err := s.encode()
	if err != nil {
		return s, err
	}
	return decodeState(text)
}

// A stateV0 is state of version 0: the incidents are in the order of the conditions, targets
// are lines of text, and only a request that is retried has a delay.
type stateV0 struct {
	sharedState
	Incidents []incident `json:"incidents"`
	Pending   []struct {
		pendingAlert
		Targets []string `json:"targets"`
	} `json:"pending"`
}

// namesV0 renames what had another name in version 0, by more than its case, which
// encoding/json ignores. Text in JSON is not changed, since its quotation marks are escaped.
var namesV0 = strings.NewReplacer(
	`"Courses":`, `"incidents":`, `"Outbox":`, `"pending":`, `"Muted":`, `"mute":`, // of the state
	`"Incident":`, `"id":`, `"Reached":`, `"noticed":`, `"Calm":`, `"clearing_since":`, `"Past":`, `"previous_sum":`, `"Parts":`, `"shares":`, // of an incident
	`"Told":`, `"reported":`, `"Events":`, `"reported_total":`, `"Untold":`, `"unreported":`, `"Forgot":`, `"dropped":`, `"ForgotN":`, `"dropped_count":`,
	`"Held":`, `"unreported_sum":`, `"Waiting":`, `"digest_since":`, `"Gap":`, `"digest_gap_ns":`,
	`"By":`, `"process":`, `"N":`, `"count":`, // of a share
	`"Routes":`, `"targets":`, // of a pending alert
	`"level":`, `"condition":`, `"untold":`, `"unreported":`, // of an Alert
)

func decodeV0(stored []byte) (s sharedState, err error) {
	var old stateV0
	if err = json.Unmarshal([]byte(namesV0.Replace(string(stored))), &old); err != nil {
		return s, err
	}
	s = old.sharedState
	for i, c := range s.Incidents.all() {
		if i < len(old.Incidents) {
			*c = old.Incidents[i]
		}
		for _, a := range []*Alert{&c.Sum, &c.PreviousSum, &c.UnreportedSum} {
			a.Again = a.Delay > 0
		}
	}
	for _, o := range old.Pending {
		p := o.pendingAlert
		p.Alert.Again = p.Alert.Delay > 0
		for _, t := range o.Targets {
			lines := strings.Split(t, "\n")
			p.Targets = append(p.Targets, target{Route: lines[0], Recipients: lines[1:]})
		}
		s.Pending = append(s.Pending, p)
	}
	return s, nil
}
