package rules_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// Prometheus understands each query of the dashboard, after Grafana has put in its variables.
func TestDashboardQueries(t *testing.T) {
	data, err := os.ReadFile("../../transport/prom/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil || len(board.Panels) == 0 {
		t.Fatalf("got error %v and %d panels, want some", err, len(board.Panels))
	}
	variables := strings.NewReplacer("$__rate_interval", "1m", "$job", ".*", "$instance", ".*")
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(variables.Replace(q.Expr)); err != nil {
				t.Errorf("%s: got %v for %s, want a query that Prometheus understands", p.Title, err, q.Expr)
			}
		}
	}
}
