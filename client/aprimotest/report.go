package aprimotest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// A Report is what the tenant has seen so far.
type Report struct {
	Elapsed time.Duration    // since the first request
	Agents  map[string]Agent // by User-Agent, or by the name of a Load
	Total   Agent            // all of them together
}

// An Agent is what was seen of one integration. Requests for tokens are counted
// apart, in Tokens alone.
type Agent struct {
	Arrived  int // all requests: Served + Rejected + Failed + those under way
	Served   int // answered by the API, also with 401 or 404; those of a Load, as they begin
	Delayed  int // were queued; a part of those not rejected
	Rejected int // answered 429
	Failed   int // admitted, but had a Fault, or the client disconnected

	// MaxPerSecond is the most that arrived in any window of one second.
	MaxPerSecond int

	Delay    time.Duration // of all the Delayed together, in the queue
	MaxDelay time.Duration // the longest

	Tokens int // requests for a token, whatever the answer
}

// UnderWay returns how many requests are in the queue or being processed.
func (a Agent) UnderWay() int { return a.Arrived - a.Served - a.Rejected - a.Failed }

// MeanDelay returns the mean time in the queue of the requests that were not
// rejected. Those that did not wait count as zero.
func (a Agent) MeanDelay() time.Duration {
	if a.Arrived == a.Rejected {
		return 0
	}
	return a.Delay / time.Duration(a.Arrived-a.Rejected)
}

// Report returns what the tenant has seen until now. For a tenant that started
// in a bubble of testing/synctest, a call outside the bubble returns what it had
// seen when it was last used.
func (t *Tenant) Report() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	elapsed, _ := t.advance()
	r := Report{Elapsed: elapsed, Agents: make(map[string]Agent), Total: t.total.Agent}
	for name, c := range t.counts {
		r.Agents[name] = c.Agent
	}
	return r
}

// String returns a table for people: one line for each agent, in the order of
// their names, and one for all.
func (r Report) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "arrived\tserved\tdelayed\trejected\tfailed\tmax/s\tmean delay\tmax delay\ttokens\t  agent")
	line := func(name string, a Agent) {
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%v\t%v\t%d\t  %s\n", a.Arrived, a.Served, a.Delayed, a.Rejected,
			a.Failed, a.MaxPerSecond, round(a.MeanDelay()), round(a.MaxDelay), a.Tokens, name)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Agents)) {
		line(name, r.Agents[name])
	}
	line("total", r.Total)
	w.Flush()
	return b.String()
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// A tally is an Agent being counted.
type tally struct {
	Agent
	recent []time.Duration // arrivals of the last second
}

// tally returns the tally of an agent.
func (t *Tenant) tally(agent string) *tally {
	c := t.counts[agent]
	if c == nil {
		c = new(tally)
		t.counts[agent] = c
	}
	return c
}

// count changes an agent and the total alike.
func (t *Tenant) count(c *tally, change func(*Agent)) {
	change(&c.Agent)
	change(&t.total.Agent)
}

func (c *tally) arrive(now time.Duration) {
	c.Arrived++
	old := 0
	for old < len(c.recent) && now-c.recent[old] >= time.Second {
		old++
	}
	c.recent = append(c.recent[old:], now)
	c.MaxPerSecond = max(c.MaxPerSecond, len(c.recent))
}
