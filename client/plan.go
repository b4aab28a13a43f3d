package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"
)

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
	return Plan{Items: items, Requests: requests, Time: time.Duration(requests) * took}, nil
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
