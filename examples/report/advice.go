package main

import (
	"fmt"
	"regexp"
)

// hints say what to change for an operation. The first one that fits is given.
var hints = []struct {
	operation *regexp.Regexp
	hint      string
}{
	{regexp.MustCompile(`^GET /api/core/record/\{id\}$`), "one request for each record: search for many at once (Records.GetMany in package client), and select what you need with the headers select-record and select-…"},
	{regexp.MustCompile(`^GET /api/core/orders?/\{id\}`), "orders are polled: wait for all of them together (Orders.Wait in package client), which asks rarely and for many at once"},
	{regexp.MustCompile(`^POST /api/core/orders`), "orders are heavy for Aprimo: put many records into one, and run them as transport.Batch, at night"},
	{regexp.MustCompile(`^(GET /api/core/records|(GET|POST) /api/core/search/records)(/\{id\})?$`), "use larger pages (pageSize up to 1000), and keep a checkpoint instead of reading all again"},
	{regexp.MustCompile(`/uploads`), "uploads: use larger segments, or send straight to the blob storage, which has no limit"},
	{regexp.MustCompile(`^(PUT|PATCH|POST|DELETE) /api/core/records?(/|$)`), "changes one by one: change all fields of a record in one request, and leave out what has not changed"},
	{regexp.MustCompile(`^GET /api/core/(fielddefinition|classification|language)`), "these change rarely: keep them for some minutes instead of asking again"},
}

// advise says what to change, for the operations that caused a tenth at least.
func advise(r report) []string {
	lines := []string{}
	for _, o := range r.Operations {
		if o.Count*10 < r.Total {
			continue
		}
		for _, h := range hints {
			if h.operation.MatchString(o.Name) {
				lines = append(lines, fmt.Sprintf("%s (%d %%): %s", o.Name, percent(o.Count, r.Total), h.hint))
				break
			}
		}
	}
	for _, u := range r.Users {
		share := percent(u.Count, r.Total)
		switch {
		case u.Name == unknown && u.Count*10 >= r.Total:
			lines = append(lines, fmt.Sprintf("%d %% are of nobody that is known: say for whom each call is, with transport.ContextWithUser or WithIdentity", share))
		case u.Name != unknown && u.Count*2 > r.Total:
			lines = append(lines, fmt.Sprintf("%s caused %d %%: let that job run as transport.Batch, so that others go first, or at another time", u.Name, share))
		}
	}
	if r.OthersRate >= 1 {
		lines = append(lines, fmt.Sprintf("meanwhile others used %g requests a second at least: see what else runs on the tenant at these times; if it is processes of yours, let them share the limit (package redislimit)", r.OthersRate))
	}
	if r.GivenUp > 0 {
		lines = append(lines, fmt.Sprintf("%d calls were given up: give them more time or attempts (retry.Policy), and run what they belong to again", r.GivenUp))
	}
	return lines
}

// percent returns the rounded share of n, 100 at most: n may be too high.
func percent(n, of int) int {
	if of <= 0 {
		return 0
	}
	return min(100, (n*100+of/2)/of)
}
