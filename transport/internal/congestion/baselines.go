package congestion

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/aprimo-go/aprimo/transport/internal/gate"
)

// Baselines are the latencies of operations without a queue, as they are kept while the program does
// not run. A process that starts in a full queue would otherwise take it for the server's own
// time. The zero value has none.
type Baselines struct {
	Version    int                 `json:"version"`    // baselinesVersion
	Tenant     string              `json:"tenant"`     // whose they are
	Operations map[string]Baseline `json:"operations"` // by a hash, since paths may hold what nobody else is to read
}

// A Baseline is that of one operation.
type Baseline struct {
	Mean   float64 `json:"mean"`   // seconds
	Stddev float64 `json:"stddev"` // of one answer, seconds
	At     int64   `json:"at"`     // when it was kept, in seconds since 1970
}

const (
	// baselinesVersion changes with the meaning of the fields.
	baselinesVersion = 1

	// BaselineAge is how old a Baseline may be. (Judgement: a job that runs once a month.)
	BaselineAge = 35 * 24 * time.Hour

	// baselineMost, in seconds, is more than any call takes. (Judgement.)
	baselineMost = 3600
)

// ErrLater says that Baselines were kept by a later version of this package.
var ErrLater = errors.New("kept by a later version of this package")

// ParseBaselines returns the Baselines in text, which Text has returned. No text has none.
func ParseBaselines(text []byte) (b Baselines, err error) {
	if len(text) == 0 {
		return b, nil
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return Baselines{}, err
	}
	switch {
	case b.Version > baselinesVersion:
		return Baselines{}, ErrLater
	case b.Version < 1:
		return Baselines{}, errors.New("there is no version")
	}
	return b, nil
}

// Text returns b as JSON.
func (b Baselines) Text() []byte {
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // it has neither NaN nor infinity
	}
	return text
}

// With returns the Baselines of b and newer, the newest of them: as many as a process remembers.
func (b Baselines) With(newer Baselines) Baselines {
	all := map[string]Baseline{}
	maps.Copy(all, b.Operations)
	maps.Copy(all, newer.Operations)
	byAge := slices.SortedFunc(maps.Keys(all), func(a, b string) int {
		return cmp.Or(cmp.Compare(all[b].At, all[a].At), cmp.Compare(a, b))
	})
	for _, key := range byAge[min(len(byAge), maxOps):] {
		delete(all, key)
	}
	newer.Operations = all
	return newer
}

// Recall lets the Window begin with Baselines, instead of with what the first answers take. It is
// called before the first request.
func (w *Window) Recall(b Baselines, now time.Time) {
	known := map[string]Baseline{}
	for key, op := range b.Operations {
		fits := min(op.Mean, op.Stddev) >= 0 && max(op.Mean, op.Stddev) <= baselineMost
		if fits && now.Sub(time.Unix(op.At, 0)).Abs() < BaselineAge {
			known[key] = op
		}
	}
	if len(known) > 0 {
		w.delay.recall(known)
		w.doubted = true
	}
}

// Baselines returns those of the operations that have had enough answers.
func (w *Window) Baselines(tenant string, now time.Time) Baselines {
	all := map[string]Baseline{}
	for op, l := range w.delay.ops {
		if l.samples >= youngSamples {
			all[op.hash()] = Baseline{Mean: l.mean, Stddev: math.Sqrt(l.variance), At: now.Unix()}
		}
	}
	return Baselines{baselinesVersion, tenant, all}
}

// hash returns the key of w in Baselines.
func (w work) hash() string {
	sum := sha256.Sum256(fmt.Append(nil, w.Method, " ", w.Route, " ", w.class))
	return hex.EncodeToString(sum[:8])
}

// confirm decides whether the server has become slower since the Baselines were kept: the first
// requests are a train, which tells. If it does not, trains after probes do, see weigh.
func (w *Window) confirm(now gate.Instant) {
	t := &w.judgment.train
	if w.began.IsZero() || now.Sub(w.began) < seconds(judgedAfter+w.delay.service+w.delay.delay()) {
		return
	}
	w.began = 0
	if t.n < 2 {
		return
	}
	late := t.late()
	t.end(w.limit, late)
	together := t.together()
	t.reset() // a queue at the start does not prove that the server is as fast as before
	w.doubted = late > suspectLeast
	if w.doubted && together && w.calm(now) {
		w.doubted = false
		w.slower(late)
		w.state = Start(now, Scope{Limit: w.limit}, w.answers)
	}
}
