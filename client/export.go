package client

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"
)

// An Export reads all records that match an expression, however many there are. A search
// ends at a limit of the server's index, often 10,000 results. An Export has no such limit:
// instead of the next page, it requests the records created since the last one it has read,
// 1,000 at a time.
//
// Use it from one goroutine only. Records created while it runs are included, unless the
// server indexes one later than a younger one. Deleted records do not affect others.
type Export struct {
	records    *Records
	expression Expression
	opts       []CallOption
	identity   Checkpoint // version, tenant and expression
	err        error      // of the checkpoint to resume from

	at   time.Time           // when the latest record was created
	seen map[string]struct{} // the records created then

	read, total int64 // records; total is -1 until a response says it
}

// checkpointVersion is the version of the stored form of a [Checkpoint]. Increase it when a
// release before the change would misread the new form.
const checkpointVersion = 1

// A Checkpoint is the progress of an Export. It is small and can be stored as JSON. The
// zero value is the start.
type Checkpoint struct {
	Version    int    `json:"version,omitempty"`    // of the stored form; 0 if written before checkpoints had one
	Tenant     string `json:"tenant,omitempty"`     // its name or host; empty in version 0
	Expression string `json:"expression,omitempty"` // SHA-256 of the expression; empty in version 0

	CreatedOn time.Time `json:"createdOn,omitzero"` // when the latest record was created
	IDs       []string  `json:"ids,omitempty"`      // ids of the records created then
}

// Export returns an Export of the records that match an expression; an empty one matches
// all. It resumes from a checkpoint, which must be of the same tenant and expression, or
// All yields an error. The options must not sort.
func (r *Records) Export(e Expression, from Checkpoint, opts ...CallOption) *Export {
	x := &Export{
		records: r, expression: e, opts: opts, at: from.CreatedOn, seen: make(map[string]struct{}), total: -1,
		identity: Checkpoint{Version: checkpointVersion, Tenant: r.c.tenant},
	}
	data, err := json.Marshal(e)
	if err != nil {
		x.err = fmt.Errorf("aprimo: export: encoding the expression: %w", err)
		return x
	}
	x.identity.Expression = fmt.Sprintf("%x", sha256.Sum256(data))
	if x.err = from.matches(x.identity); x.err != nil {
		x.identity = from // so that storing the Checkpoint again changes nothing
	}
	for _, id := range from.IDs {
		x.seen[id] = struct{}{}
	}
	return x
}

// matches returns an error if the checkpoint belongs to another export.
func (c Checkpoint) matches(now Checkpoint) error {
	switch {
	case c.Version > now.Version:
		return fmt.Errorf("aprimo: export: the checkpoint has version %d, this release reads up to %d: update the module, or start from the zero Checkpoint", c.Version, now.Version)
	case c.Version > 0 && c.Tenant != now.Tenant:
		return fmt.Errorf("aprimo: export: the checkpoint belongs to the tenant %q, not %q: use a client of that tenant, or start from the zero Checkpoint", c.Tenant, now.Tenant)
	case c.Version > 0 && c.Expression != now.Expression:
		return errors.New("aprimo: export: the checkpoint belongs to another expression: use that expression, or start from the zero Checkpoint")
	}
	return nil
}

// Checkpoint returns the progress of the Export, including the record most recently
// yielded: store the checkpoint after that record has been processed.
func (x *Export) Checkpoint() Checkpoint {
	c := x.identity
	c.CreatedOn, c.IDs = x.at, slices.Sorted(maps.Keys(x.seen))
	return c
}

// Progress returns how many records the Export has yielded, and about how many it will yield.
// Those before the checkpoint that it resumes from are not counted. The total is -1 until the
// first response. An [ETA] predicts from both when the Export is done.
func (x *Export) Progress() (done, total int64) { return x.read, x.total }

// All yields the records from the oldest to the newest. After an error, or if the loop is
// left early, call All again to resume.
func (x *Export) All(ctx context.Context) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		if x.err != nil {
			yield(nil, x.err)
			return
		}
		spent := 0
		for again := true; again; {
			again = x.window(ctx, x.at, &spent, yield)
		}
	}
}

// window yields the records created since from, and returns whether to continue with a new
// search from the latest one. It reads a second page only if all records of the first were
// created at the same time.
func (x *Export) window(ctx context.Context, from time.Time, spent *int, yield func(*Record, error) bool) (again bool) {
	search := x.since(from)
	search.spent = spent
	first := true
	for page, err := range pages[Record](ctx, x.records.c, search) {
		if err != nil {
			if over := (*BudgetError)(nil); errors.As(err, &over) {
				over.Page, over.PageSize = 0, 0
			}
			yield(nil, err)
			return false
		}
		if first {
			first, x.total = false, x.totalAfter(page)
		}
		for _, rec := range page.Items {
			fresh, err := x.advance(rec)
			if err != nil {
				yield(nil, err)
				return false
			}
			if fresh && !yield(rec, nil) {
				return false
			}
		}
		if x.at.After(from) && page.more(maxPageSize, 0) {
			return true
		}
	}
	return false
}

// totalAfter returns the total of Progress after the first page of a search has come.
func (x *Export) totalAfter(page *Page[Record]) int64 {
	if page.TotalCount < len(page.Items) { // the server does not say it
		return -1
	}
	return x.read + int64(max(0, page.TotalCount-len(x.seen)))
}

// since returns the search for records created at a time or later.
func (x *Export) since(from time.Time) call {
	if from.IsZero() {
		from = time.Unix(0, 0).UTC() // the server rejects an empty expression
	}
	e := Expression{Text: "CreatedOn >= ?", Parameters: []any{from.Format(indexTime)}}
	if x.expression.Text != "" || x.expression.Sub != nil {
		e = Expression{Sub: []Expression{x.expression, e}, Operator: "AND"}
	}
	opts := slices.Concat(x.opts, []CallOption{Sort("CreatedOn"), PageSize(maxPageSize)})
	return searching("records", SearchRequest{Expression: e}, opts)
}

// indexTime is the format of a time in a search. The index may keep only milliseconds, and
// would not find a record by a more exact time.
const indexTime = "2006-01-02T15:04:05.000Z"

// advance records that rec was read, and reports whether it is new.
func (x *Export) advance(rec *Record) (fresh bool, err error) {
	at := rec.CreatedOn.UTC().Truncate(time.Millisecond)
	switch {
	case rec.ID == "" || rec.CreatedOn.IsZero():
		return false, fmt.Errorf("aprimo: export: the record %q has no id or no createdOn, so the export cannot continue after it", rec.ID)
	case at.Before(x.at):
		return false, fmt.Errorf("aprimo: export: the server did not sort by CreatedOn: record %s is older than its predecessor", rec.ID)
	case at.After(x.at):
		x.at = at
		clear(x.seen)
	}
	if _, seen := x.seen[rec.ID]; seen {
		return false, nil
	}
	x.seen[rec.ID] = struct{}{}
	x.read++
	return true, nil
}

// A Plan says what reading all results of a search or an export costs.
type Plan struct {
	Items    int           // approximate
	Requests int           // without those repeated after a 429
	Time     time.Duration // of one loop, as busy as the tenant is now
}

// PlanSearch returns what [Records.Search] costs. It requests the first page. The server may
// return fewer results than a Plan says; see Search.
func (r *Records) PlanSearch(ctx context.Context, e Expression, opts ...CallOption) (Plan, error) {
	return planning(ctx, r.c, searching("records", SearchRequest{Expression: e}, opts), 0)
}

// Plan returns what the rest of the Export costs. It requests the first page.
func (x *Export) Plan(ctx context.Context) (Plan, error) {
	if x.err != nil {
		return Plan{}, x.err
	}
	p, err := planning(ctx, x.records.c, x.since(x.at), 1)
	p.Items = max(0, p.Items-len(x.seen))
	return p, err
}

// planning returns the cost of a list in which each page repeats some items of the previous one.
func planning(ctx context.Context, c *Client, k call, repeated int) (Plan, error) {
	k.page, k.size = max(k.page, 1), cmp.Or(k.size, maxPageSize)
	begin := time.Now()
	page, err := onePage[json.RawMessage](ctx, c, k)
	if err != nil {
		return Plan{}, err
	}
	took := time.Since(begin)
	if t := c.Transport(); t != nil {
		now := t.Stats()
		took = max(took, now.Wait+now.ServerDelay)
	}
	size := k.size
	if page.PageSize > 0 {
		size = min(size, page.PageSize)
	}
	items := max(len(page.Items), page.TotalCount-(k.page-1)*k.size)
	fresh := max(1, size-repeated)
	requests := 1 + (max(0, items-size)+fresh-1)/fresh
	most := math.MaxInt64 / max(1, int64(took))
	return Plan{Items: items, Requests: requests, Time: time.Duration(min(int64(requests), most)) * took}, nil
}

// Budget bounds the number of requests that a list, a search or one loop over an export sends.
// When n are sent and there is more to read, the iteration ends with a [*BudgetError]. Requests
// repeated after a 429 count, and can exceed the budget by those of the last page.
func Budget(n int) CallOption {
	return func(k *call) {
		if n < 1 {
			k.err = fmt.Errorf("Budget(%d): use at least 1", n)
		}
		k.budget = n
	}
}

// A BudgetError means that an iteration has used up its [Budget]. Error says how to resume.
type BudgetError struct {
	Requests int // sent

	// Page and PageSize are where a list or search resumes: pass them as StartPage and
	// PageSize. Both are 0 for an Export, which resumes from its Checkpoint.
	Page, PageSize int
}

// Error returns what was used and how to resume.
func (e *BudgetError) Error() string {
	how := "call All again, or resume from the Checkpoint"
	if e.Page > 0 {
		how = fmt.Sprintf("resume with StartPage(%d) and PageSize(%d)", e.Page, e.PageSize)
	}
	return fmt.Sprintf("aprimo: the budget is used up (requests sent: %d): %s", e.Requests, how)
}
