package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A subject is a simulated tenant to be probed, and the truth about it.
type subject struct {
	tenant  *aprimotest.Tenant
	apart   *aprimotest.Tenant   // answers for the hosts with a limit of their own
	shares  map[string]bool      // by role
	medians map[string]float64   // seconds, by path
	way     func() time.Duration // through the network, one way
	warmUp  time.Duration        // for which others have used it before the probe
}

// newSubject returns a random tenant: a limit of 5 to 40 a second, a queue of 20 to 200,
// and others who use up to 60 % of the limit, evenly, at random or in bursts.
func newSubject(seed uint64) *subject {
	random := rand.New(rand.NewPCG(seed, 1))
	rate := 5 + random.IntN(36)
	s := &subject{
		tenant: &aprimotest.Tenant{
			Rate: rate, Queue: 20 + random.IntN(181), Release: aprimotest.Release(random.IntN(3)),
			Seed: random.Uint64(), Others: others(random, rate), Reject: rejection(random),
		},
		apart:   &aprimotest.Tenant{Rate: rate},
		medians: make(map[string]float64),
		shares:  make(map[string]bool),
	}
	s.tenant.Service = s.service(random)
	s.way = network(rand.New(rand.NewPCG(seed, 2)))
	s.warmUp = time.Minute + time.Duration(random.Int64N(int64(time.Second)))
	s.apart.Service = s.tenant.Service
	for _, op := range operations("acme", nil) {
		s.shares[op.role] = op.role == "" || random.IntN(2) == 0
	}
	return s
}

func others(random *rand.Rand, rate int) []aprimotest.Load {
	load := 0.6 * random.Float64() * float64(rate)
	bursts := func(load float64, most int) aprimotest.Load {
		burst := 1 + random.IntN(most)
		return aprimotest.Load{Burst: burst, Every: time.Duration(float64(burst) / load * float64(time.Second))}
	}
	switch random.IntN(4) {
	case 0:
		return []aprimotest.Load{{Rate: load, Random: true}}
	case 1:
		return []aprimotest.Load{{Rate: load}}
	case 2:
		return []aprimotest.Load{bursts(load, 2*rate)}
	}
	return []aprimotest.Load{{Rate: load / 2, Random: true}, bursts(load/2, rate)}
}

func rejection(random *rand.Rand) aprimotest.Rejection {
	j := aprimotest.Rejection{Date: random.IntN(2) == 0}
	if random.IntN(3) > 0 {
		j.RetryAfter = time.Duration(1+random.IntN(30)) * time.Second
	}
	switch random.IntN(3) {
	case 0:
		j.Body = []byte{}
	case 1:
		j.Body, j.Header = []byte(`{"message":"Too many requests"}`), http.Header{"Content-Type": {"application/json"}}
	}
	return j
}

// service returns the times that the server needs: with a median of 20 to 400 ms for each
// operation, and with a noise of up to 50 %.
func (s *subject) service(random *rand.Rand) func(*http.Request) time.Duration {
	noise := 0.5 * random.Float64()
	for _, op := range operations("acme", nil) {
		u, _ := url.Parse(op.url)
		s.medians[u.Path] = 0.02 * math.Pow(20, random.Float64())
	}
	var mu sync.Mutex
	return func(r *http.Request) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(s.medians[r.URL.Path] * math.Exp(noise*random.NormFloat64()) * float64(time.Second))
	}
}

// network returns the times that a request or an answer is on its way: 5 to 80 ms, and a
// random part of some milliseconds.
func network(random *rand.Rand) func() time.Duration {
	least := 0.005 + 0.075*random.Float64()
	jitter := 0.01 * random.Float64()
	var mu sync.Mutex
	return func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration((least + jitter*random.ExpFloat64()) * float64(time.Second))
	}
}

// RoundTrip sends a request through the network.
func (s *subject) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(s.way())
	resp, err := s.answer(req)
	time.Sleep(s.way())
	return resp, err
}

// answer brings a request to the tenant that answers for its host. The tenant's own token
// endpoint has no limit; one that shares it passes a request to the DAM first.
func (s *subject) answer(req *http.Request) (*http.Response, error) {
	for _, op := range operations("acme", nil) {
		if op.url != req.URL.String() || op.role == "" {
			continue
		}
		if !s.shares[op.role] {
			return s.apart.Transport().RoundTrip(req)
		}
		if req.Method == http.MethodPost {
			pass, _ := http.NewRequestWithContext(req.Context(), http.MethodGet, "https://acme.aprimo.com/nothing", nil)
			resp, err := s.tenant.Transport().RoundTrip(pass)
			if err != nil || resp.StatusCode == http.StatusTooManyRequests {
				return resp, err
			}
		}
	}
	return s.tenant.Transport().RoundTrip(req)
}

// probe measures the subject in virtual time.
func (s *subject) probe(t *testing.T) (f findings, p *prober, err error) {
	s.tenant.Start()
	time.Sleep(s.warmUp)
	p = probing(s)
	all, err := p.measure(t.Context())
	return conclude(all, p.operations), p, err
}

// A verdict is how a finding compares with the truth.
type verdict int

const (
	right   verdict = iota // the truth is within the doubt
	bound                  // says at least, and it is
	nothing                // no 429 came, so there is no form of one
	unsure
	wrong
)

func (v value) judge(truth float64) verdict {
	switch {
	case v.unsure:
		return unsure
	case v.atLeast && truth >= v.is-v.doubt:
		return bound
	case !v.atLeast && math.Abs(v.is-truth) <= v.doubt:
		return right
	}
	return wrong
}

// median returns how long answers take, as a client sees it, in seconds.
func (s *subject) median(path string) float64 {
	req, _ := http.NewRequest(http.MethodGet, "https://acme.aprimo.com"+path, nil)
	var all []time.Duration
	for range 999 {
		all = append(all, s.way()+s.tenant.Service(req)+s.way())
	}
	slices.Sort(all)
	return all[len(all)/2].Seconds()
}

// judge compares the findings with the truth.
func (s *subject) judge(f findings) map[string][]verdict {
	is := func(ok bool) verdict {
		if ok {
			return right
		}
		return wrong
	}
	all := map[string][]verdict{"rate": {f.rate.judge(float64(s.tenant.Rate))}, "queue": {f.queue.judge(float64(s.tenant.Queue))}}
	all["release"] = []verdict{is(f.release == s.tenant.Release)}
	if f.guessed {
		all["release"][0] = unsure
	}
	all["429"] = []verdict{nothing}
	if len(f.rejected) > 0 {
		all["429"][0] = is(sameForm(f.rejected[0].answer(), s.tenant.Reject))
	}
	for _, l := range f.latency {
		_, path, _ := strings.Cut(l.operation, " ")
		median := s.median(path)
		all["latency"] = append(all["latency"], is(l.least <= median && median <= l.most))
	}
	for _, h := range f.sharing {
		v := is(h.shares == s.shares[h.role])
		if h.unsure {
			v = unsure
		}
		all["host"] = append(all["host"], v)
	}
	return all
}

func sameForm(a *aprimotest.RejectedAnswer, j aprimotest.Rejection) bool {
	after := time.Duration(a.RetryDateSeconds) * time.Second
	if !j.Date && j.RetryAfter > 0 {
		return a.RetryAfter == fmt.Sprint(int(j.RetryAfter.Seconds())) && (j.Body == nil || a.Body == string(j.Body))
	}
	return (after-j.RetryAfter).Abs() <= time.Second && (j.Body == nil || a.Body == string(j.Body))
}

// Of 200 random tenants with strangers, at least 95 % of the verdicts of each kind are right,
// and at most a tenth say no more than that they are not sure. The doubt about the rate is
// small on average, or it would be easy to be right.
func TestProbeIsRight(t *testing.T) {
	tenants := uint64(200)
	if testing.Short() {
		tenants = 50
	}
	kinds := []string{"rate", "queue", "release", "429", "latency", "host"}
	tally := make(map[string]map[verdict]int)
	for _, kind := range kinds {
		tally[kind] = make(map[verdict]int)
	}
	var doubts []float64
	for seed := range tenants {
		synctest.Test(t, func(t *testing.T) {
			s := newSubject(seed)
			f, p, err := s.probe(t)
			if p.volleys > 130 {
				t.Errorf("seed %d: sent %d GETs at once, want 130 at most", seed, p.volleys)
			}
			if err != nil {
				t.Logf("seed %d: %v", seed, err)
				for _, kind := range kinds {
					tally[kind][unsure]++
				}
				return
			}
			doubts = append(doubts, f.rate.doubt/float64(s.tenant.Rate))
			for kind, all := range s.judge(f) {
				for _, v := range all {
					tally[kind][v]++
				}
				if kind != "latency" && slices.Contains(all, wrong) {
					t.Logf("seed %d: %s of %s: got %+v, %+v", seed, kind, s, f.limit, f.sharing)
				}
			}
		})
	}
	for _, kind := range kinds {
		c := tally[kind]
		all := c[right] + c[bound] + c[nothing] + c[unsure] + c[wrong]
		t.Logf("%-8s %d right, %d right with at least, %d without a 429, %d unsure, %d wrong", kind, c[right], c[bound], c[nothing], c[unsure], c[wrong])
		if 20*c[wrong] > all || 10*c[unsure] > all {
			t.Errorf("%s: %d wrong and %d unsure of %d; want at most 5 %% and 10 %%", kind, c[wrong], c[unsure], all)
		}
	}
	slices.Sort(doubts)
	t.Logf("the doubt about the rate: median %.1f %%, 90 %% below %.1f %%", 100*doubts[len(doubts)/2], 100*doubts[len(doubts)*9/10])
	if median := doubts[len(doubts)/2]; median > 0.05 {
		t.Errorf("got a median doubt of %.1f %% about the rate, want 5 %% at most", 100*median)
	}
}

func (s *subject) String() string {
	return fmt.Sprintf("%d a second, queue %d, %v, others %+v", s.tenant.Rate, s.tenant.Queue, s.tenant.Release, s.tenant.Others)
}
