// Package rules tries the rules for Prometheus on what a Transport does in simulated
// scenarios, with Prometheus's own engine.
package rules_test

import (
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

const (
	scrapeEvery = 15 * time.Second
	simulated   = 25 * time.Minute
)

func load(t *testing.T) []rulefmt.Rule {
	text, err := os.ReadFile("../../transport/prom/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(text, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if len(errs) > 0 || len(groups.Groups) != 1 {
		t.Fatalf("rules.yml: %v", errs)
	}
	return groups.Groups[0].Rules
}

// Each rule fires in each scenario where it should, and in no other.
func TestRules(t *testing.T) {
	rules := load(t)
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 10_000_000, Timeout: time.Minute, LookbackDelta: 5 * time.Minute,
		Parser: parser.NewParser(parser.Options{}),
	})
	fires := map[string]int{}
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			var seen memory
			var begin, end time.Time
			synctest.Test(t, func(t *testing.T) {
				begin = time.Now()
				seen = s.simulate(t)
				end = time.Now()
			})
			var got []string
			for _, r := range rules {
				if fired(t, engine, seen, r, begin, end) {
					got = append(got, r.Alert)
					fires[r.Alert]++
				}
			}
			slices.Sort(got)
			want := strings.Fields(s.want)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got the alerts %q, want %q", got, want)
			}
		})
	}
	for _, r := range rules {
		if fires[r.Alert] == 0 {
			t.Errorf("%s fired in no scenario", r.Alert)
		}
	}
	t.Logf("%d rules, %d scenarios: %v", len(rules), len(scenarios), fires)
}

// fired reports whether the rule's expression had a value, for the same labels, at each
// evaluation for as long as the rule says. It is evaluated at each scrape.
func fired(t *testing.T, engine *promql.Engine, m memory, r rulefmt.Rule, begin, end time.Time) bool {
	q, err := engine.NewRangeQuery(context.Background(), m, nil, r.Expr, begin, end, scrapeEvery)
	if err != nil {
		t.Fatalf("%s: %v", r.Alert, err)
	}
	defer q.Close()
	matrix, err := q.Exec(context.Background()).Matrix()
	if err != nil {
		t.Fatalf("%s: %v", r.Alert, err)
	}
	for _, s := range matrix {
		active := int64(0) // since when
		for i, p := range s.Floats {
			if i == 0 || p.T-s.Floats[i-1].T > scrapeEvery.Milliseconds() {
				active = p.T
			}
			if p.T-active >= time.Duration(r.For).Milliseconds() {
				return true
			}
		}
	}
	return false
}
