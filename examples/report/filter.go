package main

import (
	"errors"
	"fmt"
	"time"
)

// A filter says what counts.
type filter struct {
	user         string // as it is in the report, (unknown) too; empty: all
	since, until time.Time
}

func (f *filter) between(since, until string) (err error) {
	for _, t := range []struct {
		name, value string
		to          *time.Time
	}{{"-since", since, &f.since}, {"-until", until, &f.until}} {
		if t.value == "" {
			continue
		}
		if *t.to, err = time.Parse(time.RFC3339, t.value); err != nil {
			return fmt.Errorf("bad %s %q: write it as 2026-11-24T10:00:00Z", t.name, t.value)
		}
	}
	if !f.until.IsZero() && !f.since.Before(f.until) {
		return errors.New("-until is not after -since: nothing is between them")
	}
	return nil
}

// covers tells whether a point in time is asked for.
func (f *filter) covers(at time.Time) bool {
	if at.IsZero() {
		return f.since.IsZero() && f.until.IsZero()
	}
	return !at.Before(f.since) && (f.until.IsZero() || at.Before(f.until))
}
