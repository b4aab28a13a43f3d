package main

import (
	"encoding/xml"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	limiter "golang.org/x/time/rate"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// TestOursIsWithinItsBounds runs the scenarios with one seed, with -short a third of
// them. The order in which goroutines run at the same instant changes figures by half a
// percent, so a scenario that misses is run a second time.
func TestOursIsWithinItsBounds(t *testing.T) {
	var all []scenario
	for i, s := range scenarios {
		if s.accept != whatever && (i%3 == 0 || !testing.Short()) {
			all = append(all, s)
		}
	}
	missed := missing(t, all)
	if len(missed) == 0 {
		return
	}
	var again []scenario
	for s, why := range missed {
		t.Logf("tried again: %s: %s", s, why)
		for _, one := range all {
			if one.name == s {
				again = append(again, one)
			}
		}
	}
	for s, why := range missing(t, again) {
		t.Errorf("%s: %s", s, why)
	}
}

// missing returns the bounds that ours misses, by scenario.
func missing(t *testing.T, list []scenario) map[string]string {
	m := matrix{clients: []client{clientNamed("ours")}, scenarios: list, seeds: 1, length: 10 * time.Minute}
	missed := map[string]string{}
	for _, c := range m.run(t, func() {}) {
		if misses := c.scenario.accept.misses(c.metrics); len(misses) > 0 {
			missed[c.scenario.name] = strings.Join(misses, ", ")
		}
	}
	return missed
}

// TestBaselinesAreWhatTheyAreKnownFor keeps the comparison fair: a badly written baseline
// would flatter us.
func TestBaselinesAreWhatTheyAreKnownFor(t *testing.T) {
	known := map[string]struct{ use, least, most float64 }{ // least and most: the strangers' delay
		"static": {0.99, 6, 7}, "aimd": {0.99, 6, 7}, "aws": {0.99, 6, 7}, "aws-standard": {0.99, 6, 7}, "atb": {0.99, 6, 7},
		"failsafe": {0.99, 1, 4},    // it measures the delay
		"aatb":     {0.70, 0.5, 4},  // it pauses for long
		"oracle":   {0.99, 0, 0.25}, // one of ours waits, for 1/15 s at most
	}
	m := matrix{clients: clients[1:], seeds: 1, length: 10 * time.Minute}
	for _, s := range scenarios {
		if s.name == "alone-mixed" && !testing.Short() || s.name == "steady8-mixed" {
			m.scenarios = append(m.scenarios, s)
		}
	}
	for _, c := range m.run(t, func() {}) {
		want := known[c.client.name]
		if c.use < want.use {
			t.Errorf("%s, %s: got a use of %.3f, want at least %g", c.scenario.name, c.client.name, c.use, want.use)
		}
		if c.scenario.others == nil {
			if c.metrics.ours > 0 {
				t.Errorf("%s, %s: got %.1f 429s a minute, want none", c.scenario.name, c.client.name, c.metrics.ours)
			}
			continue
		}
		if c.delay < want.least || c.delay > want.most {
			t.Errorf("%s, %s: got strangers that wait %.2f s, want %g to %g", c.scenario.name, c.client.name, c.delay, want.least, want.most)
		}
	}
}

// With a client that draws no random numbers, two runs with the same seed are the same.
// Otherwise a figure could not be investigated.
func TestRunsRepeat(t *testing.T) {
	plain := client{name: "plain", team: apart(func(base http.RoundTripper) http.RoundTripper {
		return paced{limiter.NewLimiter(rate, 1), base}
	})}
	s := scenario{calls: fast, others: steady(8)}
	var runs [2]record
	for i := range runs {
		inVirtualTime(t, func() { runs[i] = simulate(s, plain, 1, 3*time.Minute) })
	}
	for i, a := range runs[0].samples {
		b := runs[1].samples[i]
		if a.others != b.others || a.queued != b.queued {
			t.Fatalf("at %v: got %+v in the second run, want %+v as in the first", a.at, b, a)
		}
	}
}

func TestMeasure(t *testing.T) {
	var samples []sample
	for sec := range 600 {
		samples = append(samples, sample{
			at:     time.Duration(sec) * time.Second,
			ours:   []aprimotest.Agent{{Served: 6 * sec, Rejected: sec}, {Served: 3 * sec}},
			others: aprimotest.Agent{Served: 5 * sec, Arrived: 5 * sec, Delay: time.Duration(10*sec) * time.Second},
			queued: 30, lost: 2 * sec, waits: 2, stats: transport.Stats{Others: transport.Others{Rate: 5, Stddev: 1}},
		})
	}
	alone := record{samples: []sample{{at: 2 * time.Minute}, {at: 10 * time.Minute, others: aprimotest.Agent{Arrived: 5 * 8 * 60, Served: 1}}}}
	s := scenario{starts: make([]time.Duration, 2), steps: every(time.Minute), scripts: scripts{workers: 1}}
	m := measure(s, record{samples: samples, promises: []promise{{2 * time.Second, 3 * time.Second}}}, alone)
	want := metrics{use: 0.9, maxMin: 0.6, lost: 120, share: 1, jain: 0.9, ours: 60, delay: 2, harm: 2, queue: 30, got: 9, promised: 1.5, strange: 1}
	if !math.IsNaN(m.regret) {
		t.Errorf("got a regret of %v beside scripts, want none", m.regret)
	}
	m.regret = 0
	if m != want {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
}

func TestRecovery(t *testing.T) {
	var samples []sample
	served := 0
	for sec := range 600 {
		samples = append(samples, sample{at: time.Duration(sec) * time.Second, ours: []aprimotest.Agent{{Served: served}}})
		if sec < 300 || sec >= 320 {
			served += rate
		}
	}
	s := scenario{steps: []time.Duration{time.Minute, 200 * time.Second, 300 * time.Second}}
	if got := recovery(s, samples); got != 20 {
		t.Errorf("got %v s, want 20", got)
	}
}

func TestAcceptNamesWhatIsMissed(t *testing.T) {
	a := accept{use: 0.95, ours: 1, theirs: anyLevel, harm: 2, attempts: anyLevel}
	if got := a.verdict(metrics{use: 0.95, ours: 1, theirs: 100, harm: 2}); got != "ok" {
		t.Errorf("at the bounds: got %q, want ok", got)
	}
	if got, want := a.verdict(metrics{use: 0.9, harm: 3}), "MISS use 0.900 < 0.95, harm 3.00 s > 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range scenarios {
		if seen[s.name] {
			t.Errorf("two scenarios are named %q", s.name)
		}
		seen[s.name] = true
	}
}

// TestOutput checks the form of the table and the picture.
func TestOutput(t *testing.T) {
	m, err := flags{only: "square,rivals", client: "ours,aws", seeds: 1, minutes: 4}.matrix()
	if err != nil {
		t.Fatal(err)
	}
	cells := m.run(t, func() {})
	var table strings.Builder
	if err := writeTable(&table, m, cells); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"square", "rivals", "ours", "aws", "accept"} {
		if !strings.Contains(table.String(), part) {
			t.Errorf("got a table without %q:\n%s", part, table.String())
		}
	}
	for _, drawing := range []string{picture(toShow(m, cells)), harmPicture(m, cells)} {
		if strings.Contains(drawing, "NaN") || strings.Contains(drawing, "Inf") {
			t.Error("got a picture with NaN or Inf, want numbers")
		}
		for d := xml.NewDecoder(strings.NewReader(drawing)); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("a picture: %v", err)
			}
		}
	}
}

func TestFlagsAreChecked(t *testing.T) {
	for _, f := range []flags{
		{seeds: 0, minutes: 10},
		{seeds: 1, minutes: 2},
		{seeds: 1, minutes: 61},
		{seeds: 1, minutes: 10, only: "nobody"},
		{seeds: 1, minutes: 10, only: "("},
		{seeds: 1, minutes: 10, client: "nobody"},
	} {
		if _, err := f.matrix(); err == nil {
			t.Errorf("%+v: got no error, want one", f)
		}
	}
}
