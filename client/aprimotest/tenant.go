package aprimotest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	defaultRate    = 15
	defaultQueue   = 100
	defaultService = 20 * time.Millisecond
)

// A Tenant is one simulated Aprimo tenant with all its hosts: it limits the requests of all
// clients together and answers them.
//
// The zero value is Aprimo's default: 15 requests a second, 100 more queued
// and answered late, and 429 beyond that. It needs no token and has three records.
//
// A Tenant is an [http.Handler], for tests over a socket, and has a
// [Tenant.Transport], for tests without one. It is safe for concurrent use, and
// the functions in its fields must be, too. It must not be copied, nor its fields
// changed, after the first request.
type Tenant struct {
	// Rate is the number of requests that begin in a second. Zero means 15.
	Rate int

	// Queue is the number of requests above the rate that are queued. Zero
	// means 100; a negative number means none.
	Queue int

	// Release is how queued requests are released. Zero is [TokenBucket].
	Release Release

	// Service returns how long the server works on a request that has begun.
	// Nil means 20 milliseconds for each. [Services] makes one from a table.
	Service func(*http.Request) time.Duration

	// Reject is what a 429 looks like. Zero is the HTML page of a
	// gateway, without a Retry-After.
	Reject Rejection

	// Fault, if set, returns what goes wrong with a request. It is called when
	// the request begins, so never for one that is answered 429. The zero
	// Fault means that nothing goes wrong.
	Fault func(*http.Request) Fault

	// Others are the other integrations that use the tenant.
	Others []Load

	// Seed is the seed of the random numbers of the Others. Zero is a seed like
	// any other: the same Tenant has the same load each time.
	Seed uint64

	// Records is the number of records at the start. Zero means 3; a negative
	// number means none. Record n has the id n, in 32 hexadecimal digits.
	Records int

	// RequireToken makes the tenant answer 401, with an empty body, to a
	// request without a bearer token that the tenant issued and that has not
	// expired. No difference between clocks is tolerated.
	RequireToken bool

	// TokenLifetime is how long an access token is valid. Zero means an
	// hour.
	TokenLifetime time.Duration

	// Login is the name of the user who logs in at the authorize endpoint.
	// Empty means jane.doe.
	Login string

	// RequireHeaders makes the tenant answer 400, with an exception that names
	// the header, to a request without the headers that Aprimo's guide requires:
	// API-VERSION: 1, Accept and User-Agent, and application/json as the
	// Content-Type of a body that is not a form.
	RequireHeaders bool

	// CreatedTogether is the number of the Records at the start that share a
	// createdOn. Zero means one: they were created a second apart, the last
	// one a second before the start.
	CreatedTogether int

	// FileSize is the size, in bytes, of the master file of each of the
	// Records at the start. Zero means 1024; a negative number means empty.
	FileSize int64

	// IndexDelay is the time until a search finds a new record, unless it was
	// sent with set-immediateSearchIndexUpdate. Zero means three seconds; a
	// negative duration means at once.
	IndexDelay time.Duration

	// SearchCeiling is the number of records that the pages of a search can
	// reach; further pages are answered 400. Zero means 10,000, the default of Elasticsearch.
	SearchCeiling int

	// OrderTime is how long an order takes: a fifth of it queued, the rest
	// executing. Zero means ten seconds, and none for one file without actions,
	// which real tenants often deliver at once; a negative duration means that any
	// order is complete when it is created.
	OrderTime time.Duration

	// SignedFor is how long a signed link is valid. Zero means 30 hours, as the
	// guide says; one source has seen 4.
	SignedFor time.Duration

	// DeleteTrees makes the tenant delete a classification that has children. If
	// false, it answers 409; which of the two Aprimo does is not known.
	DeleteTrees bool

	// DynamicRecords makes the tenant return the records that a dynamic
	// collection finds. If false, it answers 500, as a real tenant did.
	DynamicRecords bool

	// Strict is what the tenant rejects although real tenants accept it.
	Strict Strict

	// Guesses are the tenant's answers where nobody knows those of real ones.
	Guesses Guesses

	mu     sync.Mutex    // guards what follows down to the blank line
	epoch  time.Time     // of the first request; zero before it
	latest time.Duration // since then, when last looked
	line   line
	loads  []*source
	counts map[string]*tally // by User-Agent
	total  tally

	routes handler // set once, before the first request is handled
	store  store
	tokens tokens
}

// Strict has requirements of Aprimo's guide that real tenants do not enforce. The zero value
// rejects nothing of it.
type Strict struct {
	// PartNames rejects a form whose part is not called as in the guide: file1,
	// or segment and the index.
	PartNames bool

	// UploadHeaders makes RequireHeaders hold for the upload service as well.
	UploadHeaders bool

	// BareIDs answers 404 to an id in a path that has dashes or upper case.
	BareIDs bool

	// JSON rejects what RFC 8259 does not have: single quotes, names without
	// quotes, and a comma after the last element.
	JSON bool
}

// Start starts the tenant's time, which otherwise starts with the first request.
// The times of the Others count from it: so they can fill the queue before the
// first request. A second call does nothing.
func (t *Tenant) Start() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.epoch.IsZero() {
		return
	}
	t.epoch = time.Now()
	t.line = line{
		places:   max(0, orDefault(t.Queue, defaultQueue)),
		schedule: newSchedule(t.Release, max(1, orDefault(t.Rate, defaultRate)), t.epoch),
	}
	t.loads = sources(t.Others, t.Seed)
	t.counts = make(map[string]*tally)
	t.store.open(t)
	t.tokens.access, t.tokens.refresh, t.tokens.codes = make(map[string]access), make(map[string]grant), make(map[string]code)
	t.routes = t.newRoutes()
}

// Queued returns how many requests wait in the tenant's queue now, those of
// the Others among them.
func (t *Tenant) Queued() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.advance()
	return len(t.line.waiting)
}

// handle takes a request, as a server sees it, through the tenant. It returns
// an answer or the reason why there is none: the context's error, errDropped,
// or that the body could not be read.
func (t *Tenant) handle(r *http.Request) (*answer, error) {
	t.Start()
	r = r.WithContext(r.Context()) // a copy: the caller's is not ours to change
	switch {
	case r.URL.Path == tokenPath, r.URL.Path == authorizePath, r.URL.Path == nativePath, r.URL.Path == renewalPath, r.URL.Path == discoveryPath:
		return t.handleToken(r)
	case strings.HasPrefix(r.URL.Path, blobPath), strings.HasPrefix(r.URL.Path, cdnPath):
		return t.handleBlob(r)
	}
	begin, ok := t.arrive(r.UserAgent())
	if !ok {
		return t.Reject.answer(), nil
	}
	a, err := t.serve(r, begin)
	t.note(r, func(seen *Agent) {
		if err == nil && !a.fault {
			seen.Served++
		} else {
			seen.Failed++
		}
	})
	return a, err
}

// serve answers a request that was admitted and may begin at the given time.
func (t *Tenant) serve(r *http.Request, begin time.Time) (*answer, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if err := pauseUntil(r.Context(), begin, nil); err != nil {
		return nil, err
	}
	fault := t.fault(r, body)
	if err := t.work(r, body); err != nil {
		return nil, err
	}
	return fault.apply(t, r, func(a *answer) {
		if t.RequireToken && !time.Now().Before(t.tokens.of(r).end) {
			a.WriteHeader(http.StatusUnauthorized)
			return
		}
		var out any
		refused := refusal(func() {
			invalid.when(t.Strict.JSON && !isForm(r) && len(body) > 0 && !json.Valid(body), "The request body is not JSON as RFC 8259 has it.")
			out = t.routes(a, withBody(r, body))
		})
		switch {
		case refused != nil:
			t.refuse(a, r, refused)
		case out != nil:
			writeJSON(a, http.StatusOK, out)
		default:
			a.WriteHeader(http.StatusNoContent)
		}
	})
}

// fault returns what goes wrong with a request that begins.
func (t *Tenant) fault(r *http.Request, body []byte) (f Fault) {
	if t.Fault != nil {
		f = t.Fault(withBody(r, body))
	}
	return f
}

// work spends the time that the server needs for a request.
func (t *Tenant) work(r *http.Request, body []byte) error {
	d := defaultService
	if t.Service != nil {
		d = t.Service(withBody(r, body))
	}
	return pauseUntil(r.Context(), time.Now().Add(d), nil)
}

// pauseUntil returns at the given time, or before it with the context's error, or if the body
// that it waits for is closed.
func pauseUntil(ctx context.Context, at time.Time, closed <-chan struct{}) error {
	d := time.Until(at)
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-closed:
		return http.ErrBodyReadAfterClose
	}
}

// orDefault follows the one rule of the fields of Tenant: zero is the default.
func orDefault[N int | int64 | time.Duration](n, def N) N {
	if n == 0 {
		return def
	}
	return n
}

// Services is a table of the time that the server needs for each operation, by
// the patterns of [http.ServeMux], such as
//
//	aprimotest.Services{
//		"POST /api/core/orders":     3 * time.Second,
//		"GET /api/core/record/{id}": 40 * time.Millisecond,
//		"/":                         20 * time.Millisecond, // all others
//	}
//
// Requests that match no pattern take the default of 20 milliseconds.
type Services map[string]time.Duration

// Func returns the table as a function for [Tenant.Service]. Like
// [http.ServeMux.Handle] it panics if a pattern is not valid or if two conflict.
func (s Services) Func() func(*http.Request) time.Duration {
	s = maps.Clone(s)
	var mux http.ServeMux
	for pattern := range s {
		mux.Handle(pattern, http.NotFoundHandler()) // never called: only the pattern is asked for
	}
	return func(r *http.Request) time.Duration {
		_, pattern := mux.Handler(r)
		if d, ok := s[pattern]; ok {
			return d
		}
		return defaultService
	}
}
