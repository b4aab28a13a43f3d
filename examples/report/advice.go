package main

import (
	"fmt"
	"math"
	"regexp"
)

// hints say what to change for an operation. The first that matches is given.
var hints = []struct {
	operation *regexp.Regexp
	hint      string
}{
	{regexp.MustCompile(`^GET /api/core/record/\{id\}$`), "one request per record: search for many at once (Records.GetMany in package client), and select only what you need with the headers select-record and select-…"},
	{regexp.MustCompile(`^GET /api/core/orders?/\{id\}`), "orders are polled: wait for all of them together with Orders.Wait in package client, which polls rarely and many at once"},
	{regexp.MustCompile(`^POST /api/core/orders`), "orders are heavy for Aprimo: put many records into one, and run them at night as transport.Batch"},
	{regexp.MustCompile(`^(GET /api/core/records|(GET|POST) /api/core/search/records)(/\{id\})?$`), "use larger pages (pageSize up to 1000), and resume from a checkpoint instead of reading all again"},
	{regexp.MustCompile(`/uploads`), "uploads: use larger segments, or upload straight to the blob storage, which has no limit"},
	{regexp.MustCompile(`^(PUT|PATCH|POST|DELETE) /api/core/records?(/|$)`), "changes one by one: change all fields of a record in one request, and skip unchanged records"},
	{regexp.MustCompile(`^GET /api/core/(fielddefinition|classification|language)`), "these change rarely: cache them for some minutes"},
}

// advise says what to change, for the operations that caused a tenth at least.
func advise(r report) []string {
	lines := []string{}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, o := range r.Operations {
		if o.Count*10 < r.Total {
			continue
		}
		for _, h := range hints {
			if h.operation.MatchString(o.Name) {
				add("%s (%d %%): %s", o.Name, percent(o.Count, r.Total), h.hint)
				break
			}
		}
	}
	for _, u := range r.Users {
		share := percent(u.Count, r.Total)
		switch {
		case u.Name == unknown && u.Count*10 >= r.Total:
			add("%d %% have no user: name the user of each call with transport.ContextWithUser or WithIdentity", share)
		case u.Name != unknown && u.Count*2 > r.Total:
			add("%s caused %d %%: run that job as transport.Batch, so that others go first, or at another time", u.Name, share)
		}
	}
	if r.OthersRate >= 1 {
		add("meanwhile others used %g requests a second at least: see what else runs on the tenant at these times; let your own processes share the limit (package redislimit)", r.OthersRate)
	}
	if r.GivenUp > 0 {
		add("%d calls were given up: allow more time or attempts (retry.Policy), and repeat the work that they belong to", r.GivenUp)
	}
	return lines
}

// percent returns the rounded share of n, 100 at most: n may be too high.
func percent(n, of int) int {
	return int(math.Round(min(100, float64(n)*100/float64(max(1, of)))))
}
