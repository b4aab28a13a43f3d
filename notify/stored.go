package notify

import (
	"bytes"
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
		if stored, err = upgradeState(stored); err != nil {
			return s, err
		}
	}
	if err = json.Unmarshal(stored, &s); err != nil {
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

// namesV0 are the names that differed in version 0, by more than their case, which
// encoding/json ignores.
var namesV0 = map[string]string{
	"Courses": "incidents", "Outbox": "pending", "Muted": "mute", // of the state
	"Incident": "id", "Reached": "noticed", "Calm": "clearing_since", "Past": "previous_sum", "Parts": "shares", // of an incident
	"Told": "reported", "Events": "reported_total", "Untold": "unreported", "Forgot": "dropped", "ForgotN": "dropped_count",
	"Held": "unreported_sum", "Waiting": "digest_since", "Gap": "digest_gap_ns",
	"By": "process", "N": "count", // of a share
	"Routes": "targets",                           // of a pending alert
	"level":  "condition", "untold": "unreported", // of an Alert
}

// upgradeState turns state of version 0 into version 1. Version 0 had the names of Go's
// fields, incidents in the order of the conditions, and targets as lines of text.
func upgradeState(stored []byte) ([]byte, error) {
	var state any
	d := json.NewDecoder(bytes.NewReader(stored))
	d.UseNumber() // durations in nanoseconds
	if err := d.Decode(&state); err != nil {
		return nil, err
	}
	return json.Marshal(upgradeValue("", state))
}

func upgradeValue(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		renamed := map[string]any{}
		for k, old := range v {
			name, ok := namesV0[k]
			if !ok {
				name = k
			}
			renamed[name] = upgradeValue(k, old)
		}
		if delay, ok := v["delay_ns"].(json.Number); ok {
			renamed["will_retry"] = delay != "0"
		}
		return renamed
	case []any:
		if key == "Courses" {
			byName := map[string]any{}
			for i, c := range v[:min(len(v), len(conditions))] {
				byName[string(conditions[i])] = upgradeValue("", c)
			}
			return byName
		}
		for i := range v {
			v[i] = upgradeValue(key, v[i])
		}
	case string:
		if key == "Routes" {
			lines := strings.Split(v, "\n")
			return map[string]any{"route": lines[0], "recipients": lines[1:]}
		}
	}
	return v
}
