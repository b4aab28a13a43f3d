package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	userAgent = "probe-example/1.0"

	smallVolley = 12
	largeVolley = 130 - smallVolley

	rounds  = 6 // of single requests
	singles = rounds * 7
	pace    = time.Second // between them

	calmAnswers = 3 // in a row
	calmTries   = 100
	calmPace    = pace / 4 // longer, and it could keep step with a job that comes back each few seconds

	timeout = 2 * time.Minute
	maxBody = 1 << 20
	maxKept = 4 << 10 // of the body of a 429
)

// An operation is a request that the probe sends. None changes anything.
type operation struct {
	name string // as in a profile
	url  string
	form url.Values // of a POST to the token endpoint
	role string     // of a host other than the DAM's; empty for the DAM
}

// operations returns what is sent to a tenant.
func operations(tenant string, form url.Values) []operation {
	dam, core := "https://"+tenant+".dam.aprimo.com", "https://"+tenant+".aprimo.com"
	var all []operation
	for _, path := range []string{"records", "languages", "classifications", "fielddefinitions"} {
		path = "/api/core/" + path
		all = append(all, operation{name: "GET " + path, url: dam + path + "?pageSize=1"})
	}
	return append(all,
		operation{name: "GET /api/users/me", url: core + "/api/users/me", role: "marketing operations"},
		operation{name: "GET /uploads", url: core + "/uploads", role: "uploads"},
		operation{name: "POST /login/connect/token", url: core + "/login/connect/token", form: form, role: "token endpoint"},
	)
}

// A sample is one request and its answer. Times are counted from the start of the probe.
type sample struct {
	operation      string
	sent, answered time.Duration
	status         int
	header         http.Header
	body           string // the begin of it, if rejected
}

func (s sample) rejected() bool      { return s.status == http.StatusTooManyRequests }
func (s sample) took() time.Duration { return s.answered - s.sent }

// samples is everything that was measured.
type samples struct {
	singles      []sample // of all operations, in calm
	light        string   // the operation of the volleys
	small, large []sample
	during       []sample // on the other hosts, right after the large volley
}

// A prober sends requests with a plain http.Client. It goes around the limiter of this
// module on purpose: what is measured is what happens without it.
type prober struct {
	client     *http.Client
	token      string
	operations []operation
	say        func(format string, args ...any)
	start      time.Time

	mu                    sync.Mutex
	volleys, lone, logins int // sent so far
}

// measure runs all phases. What it returns with an error is what it has until then.
func (p *prober) measure(ctx context.Context) (all samples, err error) {
	p.start = time.Now()
	if all.singles, err = p.singles(ctx); err != nil {
		return all, err
	}
	op := p.lightest(all.singles)
	all.light = op.name
	if all.small, _, err = p.volley(ctx, &all, op, smallVolley, nil); err != nil {
		return all, err
	}
	if slices.ContainsFunc(all.small, sample.rejected) {
		p.say("some of them were answered 429 already, so no more are sent")
		return all, nil
	}
	others := slices.DeleteFunc(slices.Clone(p.operations), func(op operation) bool { return op.role == "" })
	all.large, all.during, err = p.volley(ctx, &all, op, largeVolley, others)
	return all, err
}

// singles sends each operation several times, one after the other.
func (p *prober) singles(ctx context.Context) (all []sample, err error) {
	p.say("%d single requests, one a second", singles)
	for range rounds {
		for _, op := range p.operations {
			s, err := p.single(ctx, op)
			if err != nil {
				return all, err
			}
			all = append(all, s)
			if err := sleep(ctx, pace); err != nil {
				return all, err
			}
		}
	}
	return all, nil
}

// single sends a request on its own.
func (p *prober) single(ctx context.Context, op operation) (sample, error) {
	s, err := p.send(ctx, op, &p.lone, nil)
	if err == nil && s.rejected() {
		err = errors.New("a single request was answered 429: the tenant is at its limit without the probe; try when it is less busy")
	}
	return s, err
}

// lightest returns the operation of the DAM with the least median.
func (p *prober) lightest(singles []sample) (best operation) {
	least := math.Inf(1)
	for _, op := range p.operations {
		if median := timingOf(of(singles, op.name)).median; op.role == "" && median < least {
			best, least = op, median
		}
	}
	return best
}

// of returns the samples of an operation.
func of(all []sample, operation string) (some []sample) {
	for _, s := range all {
		if s.operation == operation {
			some = append(some, s)
		}
	}
	return some
}

// calm waits until some single requests in a row were answered as fast as usual. It returns
// all that were.
func (p *prober) calm(ctx context.Context, op operation, usual timing) (fast []sample, err error) {
	row := 0
	for range calmTries {
		s, err := p.single(ctx, op)
		if err != nil {
			return nil, err
		}
		if s.took().Seconds() > usual.median+max(0.2, 4*usual.deviation) {
			row = 0
		} else {
			row, fast = row+1, append(fast, s)
		}
		if row == calmAnswers {
			return fast, nil
		}
		if err := sleep(ctx, calmPace); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the tenant was not calm during %d single requests: try when it is less busy", calmTries)
}

// volley waits until the tenant is calm and sends n requests at once, and a little later one
// to each of the other hosts. The first sign of harm cancels all that are under way. What
// was answered in calm is added to the single requests.
func (p *prober) volley(ctx context.Context, known *samples, op operation, n int, others []operation) (all, during []sample, err error) {
	calm, err := p.calm(ctx, op, timingOf(of(known.singles, op.name)))
	if err != nil {
		return nil, nil, err
	}
	known.singles = append(known.singles, calm...)
	p.say("%d requests at once: GET %s", n, op.url)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	together := newGate(n)
	all, during = make([]sample, n), make([]sample, len(others))
	var wg sync.WaitGroup
	send := func(s *sample, op operation, counter *int, connected func(context.Context)) {
		var err error
		if *s, err = p.send(ctx, op, counter, connected); err != nil {
			stop(err)
		}
	}
	for i := range all {
		wg.Go(func() { send(&all[i], op, &p.volleys, together.wait) })
	}
	for i, other := range others {
		wg.Go(func() {
			if together.opened(ctx) == nil {
				send(&during[i], other, &p.lone, nil)
			}
		})
	}
	wg.Wait()
	return all, during, context.Cause(ctx)
}

// send sends one request. If connected is not nil it is called when there is a connection,
// before the request is written to it. An error is a sign of harm: no answer, or one that
// was not expected.
func (p *prober) send(ctx context.Context, op operation, counter *int, connected func(context.Context)) (sample, error) {
	s := sample{operation: op.name, sent: time.Since(p.start)}
	var written atomic.Int64 // later than sent, by the time that a new connection needs
	trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { written.Store(int64(time.Since(p.start))) }}
	if connected != nil {
		trace.GotConn = func(httptrace.GotConnInfo) { connected(ctx) }
	}
	req, err := p.request(httptrace.WithClientTrace(ctx, trace), op)
	if err != nil {
		return s, err
	}
	p.count(op, counter)
	resp, err := p.client.Do(req)
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	s.answered, s.status, s.header = time.Since(p.start), resp.StatusCode, resp.Header
	s.sent = max(s.sent, time.Duration(written.Load()))
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if s.rejected() {
		s.body = string(body[:min(len(body), maxKept)])
		return s, err
	}
	if s.status != http.StatusOK && (op.role == "" || op.form != nil || s.status >= http.StatusInternalServerError) {
		return s, fmt.Errorf("%s: unexpected answer %d %s", op.name, s.status, http.StatusText(s.status))
	}
	return s, err
}

func (p *prober) count(op operation, counter *int) {
	if op.form != nil {
		counter = &p.logins
	}
	p.mu.Lock()
	*counter++
	p.mu.Unlock()
}

func (p *prober) request(ctx context.Context, op operation) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if op.form != nil {
		method, body = http.MethodPost, strings.NewReader(op.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, op.url, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	if op.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return req, nil
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Content-Type", "application/json") // marketing operations wants it of a GET too
	if op.role == "" {
		req.Header.Set("API-VERSION", "1")
	}
	return req, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sent says what was sent so far.
func (p *prober) sent() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%d GETs at once in two bursts, %d single requests, %d requests for a token", p.volleys, p.lone, p.logins)
}
