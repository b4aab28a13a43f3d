package main

import (
	"context"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// An operation is one kind of call: its request, and the server's time for it, which is
// lognormal around the median.
type operation struct {
	method, path string
	body         string
	median       time.Duration
	share        float64 // of all calls
}

const (
	host = "https://acme.dam.aprimo.com"

	// sigma of the logarithm of an operation's time: of a hundred calls the slowest takes
	// about five times as long as the fastest.
	sigma = 0.35

	// operationHeader tells the server which operation a request is.
	operationHeader = "Lab-Operation"
)

// A workload is the operations of a client, by name.
type workload map[string]operation

var (
	fast = workload{
		"record": {"GET", "/api/core/record/00000000000000000000000000000001", "", 20 * time.Millisecond, 1},
	}
	mixed = workload{
		"list":   {"GET", "/api/core/records?pageSize=1", "", 120 * time.Millisecond, 0.55},
		"record": {"GET", "/api/core/record/00000000000000000000000000000001", "", 350 * time.Millisecond, 0.25},
		"create": {"POST", "/api/core/records", `{"tag":"lab"}`, 900 * time.Millisecond, 0.15},
		"order":  {"POST", "/api/core/orders", `{"tag":"lab"}`, 5 * time.Second, 0.05},
	}
	slow = workload{
		"order": {"POST", "/api/core/orders", `{"tag":"lab"}`, 4 * time.Second, 1},
	}
)

// script is the one call of closed-loop strangers.
var script = operation{"GET", "/api/core/records?pageSize=2", "", 150 * time.Millisecond, 1}

// names is a fixed order of the operations, so that runs repeat.
var names = []string{"list", "record", "create", "order"}

// request returns a random call of the workload.
func (w workload) request(ctx context.Context, agent string, dice *rand.Rand) *http.Request {
	x := dice.Float64()
	name := ""
	for _, n := range names {
		if op, ok := w[n]; ok {
			name = n
			if x -= op.share; x < 0 {
				break
			}
		}
	}
	op := w[name]
	var body io.Reader
	if op.body != "" {
		body = strings.NewReader(op.body)
	}
	req, err := http.NewRequestWithContext(ctx, op.method, host+op.path, body)
	if err != nil {
		panic(err)
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set(operationHeader, name)
	return req
}

// A dice is a source of random numbers that is safe for concurrent use.
type dice struct {
	mu     sync.Mutex
	random *rand.Rand
}

func newDice(seed, stream uint64) *dice { return &dice{random: rand.New(rand.NewPCG(seed, stream))} }

func (d *dice) normal() float64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.random.NormFloat64()
}

// between returns a time that is at least low and less than high.
func (d *dice) between(low, high time.Duration) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return low + time.Duration(d.random.Int64N(int64(high-low)))
}

// service returns a function for the server's time for a request.
func (w workload) service(noise *dice) func(*http.Request) time.Duration {
	return func(r *http.Request) time.Duration {
		op, ok := w[r.Header.Get(operationHeader)]
		if !ok {
			op = script
		}
		return time.Duration(float64(op.median) * math.Exp(sigma*noise.normal()))
	}
}
