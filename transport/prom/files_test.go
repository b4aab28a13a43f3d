package prom

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/transport/measure"
)

var update = flag.Bool("update", false, "write rules.yml and grafana.json")

// A rule is an alert of rules.yml.
type rule struct {
	name, severity, lasts string // lasts: for how long before it fires; empty: none
	expr                  string // with metrics by their names in package measure, in braces
	summary, description  string
}

// by is what tells programs apart.
const by = "without (aprimo_operation, aprimo_result, aprimo_class, http_request_method, http_response_status_code, server_address, error_type)"

// grown returns how much counters have grown in five minutes, added up for each program. A
// series begins with its first event, which increase does not see: of a new one all counts.
func grown(series string) string {
	return fmt.Sprintf("sum %s ((%s unless %s offset 5m) or increase(%s[5m]))", by, series, series, series)
}

var rules = []rule{
	{"AprimoThrottled", "warning", "", grown("{"+measure.RateLimited+"}") + " >= 20",
		"{{ $value | humanize }} requests were answered 429 in 5 minutes",
		"Other programs use the tenant's limit too, or processes of this program do not share it. The requests are retried, so calls take longer."},
	{"AprimoCallsLost", "critical", "", grown("{"+measure.GivenUp+"}") + " > 4.5",
		"{{ $value | humanize }} calls ended with a 429 in 5 minutes",
		"All their attempts were answered 429, so the program got an error. Nothing was done at Aprimo: they can be run again."},
	{"AprimoCallsRefused", "warning", "", grown("{"+measure.Requests+"}{aprimo_result=~\"queue_full|deadline|limiter_failed\"}") + " >= 20",
		"{{ $value | humanize }} calls were rejected locally in 5 minutes and never sent",
		"The local queue is full, the calls' deadlines come before their turns, or the limiter fails."},
	{"AprimoErrors", "warning", "5m", "sum " + by + " (rate({" + measure.RequestDuration + "}_count{error_type=~\"5..|timeout|_OTHER\"}[5m]))\n/ sum " + by + " (rate({" + measure.RequestDuration + "}_count[5m])) > 0.1",
		"{{ $value | humanizePercentage }} of the attempts failed",
		"Aprimo answers 5xx or not at all. Idempotent requests are retried."},
	{"AprimoBacklog", "warning", "5m", "sum " + by + " ({" + measure.QueuedRequests + "}) > 60 * {" + measure.Limit + "}",
		"{{ $value | humanize }} calls are queued, for more than a minute each",
		"The program makes more calls than the limit allows."},
	{"AprimoSlow", "warning", "2m", "{" + measure.ServerDelay + "} > 2",
		"Aprimo delays each request by {{ $value | humanizeDuration }}",
		"Aprimo's queue for the tenant is long: other programs fill it, or the window is switched off. Expect 429s."},
	{"AprimoPaused", "warning", "1m", "{" + measure.Pause + "} > 60",
		"All calls are paused for {{ $value | humanizeDuration }} more",
		"Aprimo asked for this pause with Retry-After."},
	{"AprimoLimitNotShared", "warning", "2m", "{" + measure.CoordinatorUp + "} == 0",
		"The processes that share the limit cannot be reached",
		"Each process uses only its part of the limit until Redis is reachable again. No call is lost."},
	{"AprimoAlertsNotDelivered", "critical", "", "increase({" + measure.AlertsFailed + "}[1h]) > 0.5",
		"{{ $value | humanize }} alerts were not delivered in an hour",
		"Mails or webhooks about 429s do not arrive. The program's log has each alert."},
}

const runbook = "https://github.com/aprimo-go/aprimo/blob/main/transport/prom/runbook.md"

func allMetrics() []measure.Metric { return append(measure.Metrics(), measure.AlertMetrics()...) }

// translated replaces metrics in braces by their names in Prometheus.
func translated(expr string) string {
	for _, m := range allMetrics() {
		expr = strings.ReplaceAll(expr, "{"+m.Name+"}", nameOf(m))
	}
	return expr
}

func rulesFile() []byte {
	var b bytes.Buffer
	b.WriteString("# Rules for Prometheus about the metrics of package prom. Load them with rule_files.\n")
	b.WriteString("# Made by: go test ./transport/prom -update\n")
	b.WriteString("groups:\n  - name: aprimo\n    rules:\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "      - alert: %s\n        expr: |-\n          %s\n", r.name, strings.ReplaceAll(translated(r.expr), "\n", "\n          "))
		if r.lasts != "" {
			fmt.Fprintf(&b, "        for: %s\n", r.lasts)
		}
		fmt.Fprintf(&b, "        labels:\n          severity: %s\n        annotations:\n", r.severity)
		fmt.Fprintf(&b, "          summary: %q\n          description: %q\n          runbook_url: %s#%s\n", r.summary, r.description, runbook, strings.ToLower(r.name))
	}
	return b.Bytes()
}

type object = map[string]any

// first are the metrics that say what is wrong, in the order in which the dashboard has them.
var first = []string{measure.Rate, measure.RateLimited, measure.TimeInQueue, measure.QueuedRequests, measure.ServerDelay, measure.Others}

// dashboard returns one with a panel for each metric.
func dashboard() []byte {
	metrics := allMetrics()
	rank := func(m measure.Metric) int {
		if i := slices.Index(first, m.Name); i >= 0 {
			return i
		}
		return len(first)
	}
	slices.SortStableFunc(metrics, func(a, b measure.Metric) int { return rank(a) - rank(b) })
	var panels []object
	add := func(title, help, unit string, targets []object) {
		i := len(panels)
		panels = append(panels, object{
			"id": i + 1, "type": "timeseries", "title": title, "description": help, "datasource": source,
			"gridPos":     object{"h": 8, "w": 12, "x": i % 2 * 12, "y": i / 2 * 8},
			"fieldConfig": object{"defaults": object{"unit": unit, "min": 0}, "overrides": []any{}},
			"targets":     targets,
		})
	}
	for _, m := range metrics {
		switch m.Name {
		case measure.Limit: // with the rate
		case measure.RequestDuration:
			add(title(m), m.Help, unit(m), targets(m))
			errors := fmt.Sprintf(`sum by (error_type) (rate(%s_count{error_type!="", job=~"$job", instance=~"$instance"}[$__rate_interval]))`, nameOf(m))
			add("Errors", "Attempts that failed, by their type.", "reqps", []object{query(0, errors, "{{error_type}}")})
		default:
			add(title(m), m.Help, unit(m), targets(m))
		}
	}
	variable := func(name, label string) object {
		return object{"name": name, "type": "query", "datasource": source, "query": "label_values(" + nameOf(allMetrics()[1]) + ", " + label + ")",
			"refresh": 2, "multi": true, "includeAll": true, "allValue": ".*", "current": object{"text": "All", "value": "$__all"}}
	}
	all, err := json.MarshalIndent(object{
		"title": "Aprimo", "uid": "aprimo-rate-limit", "tags": []string{"aprimo"}, "timezone": "utc", "schemaVersion": 39, "editable": true, "annotations": object{"list": []any{}},
		"refresh": "30s", "time": object{"from": "now-3h", "to": "now"}, "panels": panels,
		"templating": object{"list": []object{
			{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}, variable("job", "job"), variable("instance", "instance"),
		}},
	}, "", " ")
	if err != nil {
		panic(err)
	}
	return append(all, '\n')
}

var source = object{"type": "prometheus", "uid": "${datasource}"}

const chosen = `{job=~"$job", instance=~"$instance"}`

func title(m measure.Metric) string {
	s := strings.TrimPrefix(m.Name, "aprimo.client.rate_limit.")
	s = strings.NewReplacer(".", " ", "_", " ").Replace(s)
	return strings.Replace(strings.ToUpper(s[:1])+s[1:], "Http", "HTTP", 1)
}

func unit(m measure.Metric) string {
	switch {
	case m.Unit == "s":
		return "s"
	case m.Kind == measure.Counter, m.Kind == measure.Total, m.Unit == "{request}/s":
		return "reqps"
	}
	return "none"
}

// query returns the i-th query of a panel.
func query(i int, expr, legend string) object {
	return object{"refId": string(rune('A' + i)), "datasource": source, "expr": expr, "legendFormat": legend}
}

// targets returns the queries of a panel.
func targets(m measure.Metric) (all []object) {
	add := func(expr, legend string) { all = append(all, query(len(all), expr, legend)) }
	name := nameOf(m)
	var labels, legends []string
	for _, a := range m.Attributes {
		labels = append(labels, translate(a))
		legends = append(legends, "{{"+translate(a)+"}}")
	}
	if legends == nil {
		legends = []string{strings.ToLower(title(m))}
	}
	switch m.Kind {
	case measure.Histogram:
		for _, q := range []int{50, 95, 99} {
			add(fmt.Sprintf("histogram_quantile(%g, sum by (le, %s) (rate(%s_bucket%s[$__rate_interval])))", float64(q)/100, labels[0], name, chosen), fmt.Sprintf("p%d %s", q, legends[0]))
		}
	case measure.Counter, measure.Total:
		add(fmt.Sprintf("sum by (%s) (rate(%s%s[$__rate_interval]))", strings.Join(labels, ", "), name, chosen), strings.Join(legends, " "))
	case measure.Sum:
		add(fmt.Sprintf("sum by (%s) (%s%s)", strings.Join(labels, ", "), name, chosen), strings.Join(legends, " "))
	default:
		add(name+chosen, "{{instance}}")
	}
	if m.Name == measure.Rate {
		limit := allMetrics()[slices.IndexFunc(allMetrics(), func(m measure.Metric) bool { return m.Name == measure.Limit })]
		add("max("+nameOf(limit)+chosen+")", "limit")
	}
	return all
}

// The files are what this file makes of measure's list; -update writes them.
func TestRulesAndDashboardAreInStep(t *testing.T) {
	for file, want := range map[string][]byte{"rules.yml": rulesFile(), "grafana.json": dashboard()} {
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not in step, %v: run go test ./transport/prom -update", file, err)
		}
	}
}

// Each metric is in the dashboard, each rule has metrics that there are and a part of the
// runbook.
func TestRulesAndDashboardAreComplete(t *testing.T) {
	board := string(dashboard())
	for _, m := range allMetrics() {
		if !strings.Contains(board, nameOf(m)) {
			t.Errorf("%s is not in the dashboard", m.Name)
		}
	}
	text, err := os.ReadFile("runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, panel := range regexp.MustCompile(`\*([^*]+)\*`).FindAllSubmatch(text, -1) {
		if !strings.Contains(board, fmt.Sprintf("\"title\": %q", panel[1])) {
			t.Errorf("runbook.md has the panel %s, which is not in the dashboard", panel[1])
		}
	}
	for _, r := range rules {
		if !strings.Contains(string(text), "\n## "+r.name+"\n") {
			t.Errorf("runbook.md has no part about %s", r.name)
		}
		if strings.Contains(translated(r.expr), "{http.") || strings.Contains(translated(r.expr), "{aprimo.") {
			t.Errorf("%s names a metric that is not in measure's list: %s", r.name, translated(r.expr))
		}
	}
}
