package main

import (
	"math"
	"time"
)

const shown = 15 // names of a table

// A report is what there is to say.
type report struct {
	Lines    int      `json:"lines"`
	NotJSON  int      `json:"not_json"`
	Broken   int      `json:"broken"`
	BrokenAt []string `json:"broken_at,omitempty"`
	Problems []string `json:"problems,omitempty"` // why not all was read
	Stopped  bool     `json:"stopped,omitempty"`  // by Ctrl-C, before all was read
	Hints    []string `json:"-"`                  // for who has started it

	Total   int     `json:"total"`
	GivenUp int     `json:"given_up"`
	Others  int     `json:"left_out,omitempty"` // by the flags
	Unsure  unsure  `json:"unsure,omitzero"`    // may be of the user asked for, besides
	NoTime  int     `json:"no_time,omitempty"`
	Unnamed unnamed `json:"unnamed,omitzero"`

	OthersRate float64 `json:"others_rate_min,omitempty"` // requests a second, at least, of others than the process that logged it

	First      time.Time `json:"first,omitzero"`
	Last       time.Time `json:"last,omitzero"`
	Span       string    `json:"span"` // how long each in When is
	When       []moment  `json:"when"`
	Users      []named   `json:"users"`
	Operations []named   `json:"operations"`
	Pairs      []cause   `json:"causes"`
	Advice     []string  `json:"advice"`
}

// An unnamed is how many 429s are in none of a table's rows, because they were in a
// flood and the log does not name all.
type unnamed struct {
	Users      int `json:"users"`
	Operations int `json:"operations"`
	Pairs      int `json:"causes"`
}

// A cause is a user and what he did.
type cause struct {
	User      string `json:"user"`
	Operation string `json:"operation"`
	Count     int    `json:"count"`
	Error     int    `json:"error,omitempty"`
}

func (t *tally) report() report {
	r := report{
		Lines: t.lines, NotJSON: t.plain, Broken: t.broken,
		Total: t.total, GivenUp: t.givenUp, Others: t.others, Unsure: t.unsure, NoTime: t.noTime,
		Unnamed: unnamed{t.users.unnamed, t.operations.unnamed, t.pairs.unnamed},
		First:   t.first, Last: t.last, OthersRate: math.Round(t.foreign.value()*10) / 10,
		Users: append([]named{}, t.users.Top(shown)...), Operations: append([]named{}, t.operations.Top(shown)...),
		Pairs: []cause{},
	}
	for _, p := range t.where {
		r.BrokenAt = append(r.BrokenAt, p.String())
	}
	r.Span, r.When = t.spans.moments()
	for _, x := range t.pairs.Top(shown) {
		r.Pairs = append(r.Pairs, cause{userOf(x.Name), operationOf(x.Name), x.Count, x.Error})
	}
	r.Advice = advise(r)
	return r
}
