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
	{regexp.MustCompile(`^GET /api/core/record/\{id\}$`), "read many records in one request (Records.GetMany in package client), and select only the fields that you need (SelectFields)"},
	{regexp.MustCompile(`^GET /api/core/orders?/\{id\}`), "wait for all orders together with Orders.Wait in package client, which needs few requests"},
	{regexp.MustCompile(`^POST /api/core/orders`), "put many records into one order, and place orders at night with transport.Batch, because they cost Aprimo most"},
	{regexp.MustCompile(`^(GET /api/core/records|(GET|POST) /api/core/search/records)(/\{id\})?$`), "use larger pages (pageSize up to 1000), and resume from a checkpoint instead of reading all again"},
	{regexp.MustCompile(`/uploads`), "use larger segments, or upload directly to the blob storage, which does not count against the limit"},
	{regexp.MustCompile(`^(PUT|PATCH|POST|DELETE) /api/core/records?(/|$)`), "change all fields of a record in one request, and skip unchanged records"},
	{regexp.MustCompile(`^GET /api/core/(fielddefinition|classification|language)`), "cache these for some minutes, because they change rarely"},
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
			add("%d %% of the 429s have no user: name the user of each call with transport.ContextWithUser or WithIdentity", share)
		case u.Name != unknown && u.Count*2 > r.Total:
			add("%s caused %d %% of the 429s: run its job at another time, or with transport.Batch so that other calls go first", u.Name, share)
		}
	}
	if r.OthersRate >= 1 {
		add("Other programs sent at least %g requests per second meanwhile: check what else runs on the tenant at these times. Your own processes can share the limit (package redislimit)", r.OthersRate)
	}
	if r.GivenUp > 0 {
		add("%d calls were given up: allow more time or attempts (retry.Policy), and run their work again", r.GivenUp)
	}
	return lines
}

// percent returns the rounded share of n, 100 at most: n may be too high.
func percent(n, of int) int {
	return int(math.Round(min(100, float64(n)*100/float64(max(1, of)))))
}
