package client_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// counted counts the requests that reach a tenant.
type counted struct {
	http.RoundTripper
	requests int
}

func (c *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	c.requests++
	return c.RoundTripper.RoundTrip(req)
}

// countRecords counts what a list yields, and returns its error.
func countRecords(list iter.Seq2[*client.Record, error]) (n int, err error) {
	for _, err := range list {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func TestAPlanIsWhatReadingCosts(t *testing.T) {
	sizes := []int{0, 1, 999, 1000, 1001, 2000, 2345}
	if testing.Short() {
		sizes = []int{0, 1, 1001}
	}
	for _, records := range sizes {
		synctest.Test(t, func(t *testing.T) {
			ctx := t.Context()
			sent := &counted{RoundTripper: (&aprimotest.Tenant{Records: records}).Transport()}
			c := newClient(t, nil, limited(sent))
			all := client.Expression{Text: "CreatedOn > 2000-01-01"}
			export := c.Records.Export(client.Expression{}, client.Checkpoint{})
			for name, read := range map[string]struct {
				plan func() (client.Plan, error)
				list iter.Seq2[*client.Record, error]
			}{
				"search": {func() (client.Plan, error) { return c.Records.PlanSearch(ctx, all) }, c.Records.Search(ctx, all)},
				"export": {func() (client.Plan, error) { return export.Plan(ctx) }, export.All(ctx)},
			} {
				plan, err := read.plan()
				if err != nil {
					t.Fatal(err)
				}
				before, begin, items := sent.requests, time.Now(), 0
				for _, err := range read.list {
					if err != nil {
						t.Fatal(err)
					}
					items++
				}
				took, requests := time.Since(begin), sent.requests-before
				if plan.Items != items || plan.Requests != requests || (plan.Time-took).Abs() > took/2 {
					t.Errorf("%s of %d: got the plan %+v, want %d items, %d requests, %v", name, records, plan, items, requests, took)
				}
			}
			if rest, err := export.Plan(ctx); err != nil || rest.Items > 1 || rest.Requests != 1 {
				t.Errorf("%d: got the plan %+v, error %v after the export, want one request for nothing new", records, rest, err)
			}
		})
	}
}

// A plan that is made before others have queued up takes in the queue of now.
func TestAPlanTakesInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *client.Client
		var others sync.WaitGroup
		c = newClient(t, nil, limited(base(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/core/search/records" {
				for range 150 { // ten seconds
					others.Go(func() { c.Languages.Get(t.Context(), "1") })
				}
				time.Sleep(time.Millisecond)
			}
			io.WriteString(w, `{"items":[],"totalCount":0}`)
		})))
		plan, err := c.Records.PlanSearch(t.Context(), client.Expression{Text: "x"})
		if err != nil || plan.Time < 8*time.Second || plan.Time > 12*time.Second {
			t.Errorf("got the plan %+v, error %v; want one request that waits for 10 s", plan, err)
		}
		others.Wait()
	})
}

// A server may say any number of results.
func TestAPlanOfAnyNumberOfResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(3 * time.Second)
			io.WriteString(w, `{"items":[{"id":"1"}],"page":1,"pageSize":1,"totalCount":9223372036854775807}`)
		})
		plan, err := c.Records.PlanSearch(t.Context(), client.Expression{Text: "x"})
		if err != nil || plan.Time < 290*365*24*time.Hour {
			t.Errorf("got the plan %+v, error %v; want the longest time and none", plan, err)
		}
	})
}

func TestABudgetEndsAnIterationThatCanBeResumed(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 3,500 records in several ways")
	}
	const records = 3500
	for name, next := range map[string]func(context.Context, *client.Client, *client.BudgetError) iter.Seq2[*client.Record, error]{
		"List": func(ctx context.Context, c *client.Client, over *client.BudgetError) iter.Seq2[*client.Record, error] {
			opts := []client.CallOption{client.Budget(2)}
			if over != nil {
				opts = append(opts, client.StartPage(over.Page), client.PageSize(over.PageSize))
			}
			return c.Records.List(ctx, opts...)
		},
		"Export": func() func(context.Context, *client.Client, *client.BudgetError) iter.Seq2[*client.Record, error] {
			var export *client.Export
			return func(ctx context.Context, c *client.Client, over *client.BudgetError) iter.Seq2[*client.Record, error] {
				if export == nil {
					export = c.Records.Export(client.Expression{}, client.Checkpoint{}, client.Budget(2))
				}
				return export.All(ctx)
			}
		}(),
	} {
		synctest.Test(t, func(t *testing.T) {
			sent := &counted{RoundTripper: (&aprimotest.Tenant{Records: records}).Transport()}
			c := newClient(t, nil, limited(sent))
			total := 0
			var over *client.BudgetError
			for loops := 1; ; loops++ {
				before := sent.requests
				n, err := countRecords(next(t.Context(), c, over))
				total += n
				if sent.requests-before > 2 {
					t.Errorf("%s: got %d requests in loop %d, want 2 at most", name, sent.requests-before, loops)
				}
				if err == nil {
					if total != records || loops != 2 {
						t.Errorf("%s: got %d records in %d loops, want %d in 2", name, total, loops, records)
					}
					return
				}
				if !errors.As(err, &over) || over.Requests != 2 || loops > 2 || (over.Page == 3) != (name == "List") {
					t.Fatalf("%s: got error %v, %+v, want a *BudgetError after 2 requests", name, err, over)
				}
			}
		})
	}
	c := newClient(t, func(http.ResponseWriter, *http.Request) { t.Error("got a request, want none") })
	if _, err := countRecords(c.Records.List(t.Context(), client.Budget(0))); err == nil {
		t.Error("Budget(0): got no error, want one")
	}
}
