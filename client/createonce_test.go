package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A keyedTenant has an indexed field for keys.
type keyedTenant struct {
	aprimotest.Tenant
	client *client.Client
	field  *client.FieldDefinition

	mu    sync.Mutex
	sent  int                                    // requests since it was made
	fault func(r *http.Request) aprimotest.Fault // for creates and searches
}

func newKeyedTenant(t *testing.T) *keyedTenant {
	t.Helper()
	k := &keyedTenant{Tenant: aprimotest.Tenant{Records: -1}}
	k.Fault = func(r *http.Request) aprimotest.Fault {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.sent++
		if k.fault == nil {
			return aprimotest.Fault{}
		}
		return k.fault(r)
	}
	k.client = newClient(t, nil, limited(k.Transport()))
	var err error
	if k.field, err = k.client.FieldDefinitions.Create(t.Context(), &client.FieldDefinition{Name: "ImportKey", DataType: "SingleLineText"}); err != nil {
		t.Fatal(err)
	}
	k.sent = 0
	return k
}

func (k *keyedTenant) key(value string) client.UniqueKey {
	return client.UniqueKey{FieldID: k.field.ID, FieldName: "ImportKey", Value: value}
}

// counts returns how many records there are with each key.
func (k *keyedTenant) counts(t *testing.T) map[string]int {
	t.Helper()
	k.mu.Lock()
	k.fault = nil
	k.mu.Unlock()
	all := map[string]int{}
	for rec, err := range k.client.Records.List(t.Context(), client.SelectFields("ImportKey")) {
		if err != nil {
			t.Fatal(err)
		}
		all[rec.Fields.Get("ImportKey").Text("")]++
	}
	return all
}

func isCreate(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/records") && !isSearch(r)
}

func isSearch(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/search/records") }

func TestCreateOnceUnderBrokenAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 3000
		if testing.Short() {
			n = 600
		}
		k := newKeyedTenant(t)
		random := rand.New(rand.NewPCG(1, 2))
		repeated := 0 // creates that were not carried out
		k.fault = func(r *http.Request) aprimotest.Fault {
			if random.Float64() >= 0.3 {
				return aprimotest.Fault{}
			}
			f := []aprimotest.Fault{
				{Drop: true}, {Drop: true, Done: true}, {Status: 502}, {Status: 504, Done: true}, {Cut: 5},
			}[random.IntN(5)]
			if isCreate(r) && !f.Done && f.Cut == 0 {
				repeated++
			}
			return f
		}
		items := make([]int, n)
		for i := range items {
			items[i] = i
		}
		report := client.Each(t.Context(), items, 500, func(ctx context.Context, i int) error {
			rec, err := k.client.Records.CreateOnce(ctx, k.key(fmt.Sprint("key-", i)), client.RecordChange{})
			if err == nil && rec.ID == "" {
				err = errors.New("no id")
			}
			return err
		})
		if err := report.Err(); err != nil {
			t.Fatal(err)
		}
		t.Logf("searches: %d, creates to repeat: %d", k.sent-n-repeated, repeated)
		if extra := k.sent - n - repeated; float64(extra) > 0.05*float64(repeated)+10 {
			t.Errorf("got %d requests for %d records with %d creates to repeat: %d searches, want at most 5%% of the repeated and 10", k.sent, n, repeated, extra)
		}
		all := k.counts(t)
		for i := range n {
			if got := all[fmt.Sprint("key-", i)]; got != 1 {
				t.Errorf("got %d records with the key %d, want 1", got, i)
			}
		}
	})
}

// Where nothing fails, a record costs one request.
func TestCreateOnceCostsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeyedTenant(t)
		if _, err := k.client.Records.CreateOnce(t.Context(), k.key("a"), client.RecordChange{}); err != nil || k.sent != 1 {
			t.Errorf("got %d requests, error %v, want 1", k.sent, err)
		}
	})
}

// After a crash the next run finds what the last one has created, however late it is indexed.
func TestCreateOnceAfterACrash(t *testing.T) {
	for name, test := range map[string]struct {
		created bool
		ago     time.Duration
		sent    int
	}{
		"created, and indexed":   {true, time.Hour, 1},
		"created a moment ago":   {true, 0, 2},
		"never created":          {false, time.Hour, 2},
		"sent, but not received": {false, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKeyedTenant(t)
				key := k.key("a")
				key.Since = time.Now()
				if test.created {
					if _, err := k.client.Records.CreateOnce(t.Context(), k.key("a"), client.RecordChange{}); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(test.ago)
				k.sent = 0
				rec, err := k.client.Records.CreateOnce(t.Context(), key, client.RecordChange{})
				if err != nil || rec.ID == "" || k.sent != test.sent {
					t.Errorf("got %v after %d requests, error %v, want an id after %d", rec, k.sent, err, test.sent)
				}
				if all := k.counts(t); all["a"] != 1 {
					t.Errorf("got %d records with the key, want 1", all["a"])
				}
			})
		})
	}
}

// A search may find what resembles a key, and a record that has another one.
func TestCreateOnceComparesKeysExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeyedTenant(t)
		upper, err := k.client.Records.CreateOnce(t.Context(), k.key("KEY"), client.RecordChange{})
		if err != nil {
			t.Fatal(err)
		}
		key := k.key("key")
		key.Since = time.Now().Add(-time.Hour)
		time.Sleep(time.Minute)
		if lower, err := k.client.Records.CreateOnce(t.Context(), key, client.RecordChange{}); err != nil || lower.ID == upper.ID {
			t.Errorf("got record %v, error %v, want one beside %s", lower, err, upper.ID)
		}
	})
}

// A call that ends while it is unknown whether there is a record says so. One that was refused
// does not.
func TestCreateOnceSaysWhetherTheOutcomeIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKeyedTenant(t)
		k.fault = func(r *http.Request) aprimotest.Fault { return aprimotest.Fault{Drop: true, Done: true} }
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := k.client.Records.CreateOnce(ctx, k.key("a"), client.RecordChange{})
		if !errors.As(err, new(*client.UnknownOutcomeError)) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a lost answer and a deadline: got %v, want an UnknownOutcomeError of the deadline", err)
		}
		k.fault = func(r *http.Request) aprimotest.Fault { return aprimotest.Fault{} }
		_, err = k.client.Records.CreateOnce(t.Context(), k.key("b"), client.RecordChange{Status: "none"})
		if errors.As(err, new(*client.UnknownOutcomeError)) || !errors.Is(err, client.ErrBadRequest) {
			t.Errorf("a refusal: got %v, want ErrBadRequest alone", err)
		}
	})
}

// A create that is refused, because one whose answer was lost comes late, has its record. If there
// is none, the refusal is the error.
func TestCreateOnceIsRefusedByItself(t *testing.T) {
	for _, late := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			k := newKeyedTenant(t)
			key := k.key("a")
			key.Since = time.Now()
			k.fault = func(r *http.Request) aprimotest.Fault {
				if !isCreate(r) {
					return aprimotest.Fault{}
				}
				return aprimotest.Fault{Status: 400, Done: late}
			}
			tenant := k.Transport()
			slow := newClient(t, nil, limited(transportFunc(func(r *http.Request) (*http.Response, error) {
				resp, err := tenant.RoundTrip(r)
				if isCreate(r) {
					time.Sleep(time.Minute) // by now a search finds the record
				}
				return resp, err
			})))
			rec, err := slow.Records.CreateOnce(t.Context(), key, client.RecordChange{})
			if late && (err != nil || rec == nil || rec.ID == "") || !late && !errors.Is(err, client.ErrBadRequest) {
				t.Errorf("created by an earlier attempt %v: got %v, error %v; want its id, else the refusal", late, rec, err)
			}
		})
	}
}

// The search for a lost record has a goroutine of its own. If a function of the program's panics
// there, or ends it, the call fails and the program goes on.
func TestCreateOnceWithATransportThatDoesNotReturn(t *testing.T) {
	for name, end := range map[string]func(){"panicked": func() { panic("boom") }, "ended its goroutine": runtime.Goexit} {
		synctest.Test(t, func(t *testing.T) {
			c := newClient(t, nil, limited(transportFunc(func(r *http.Request) (*http.Response, error) {
				r.Body.Close()
				if strings.Contains(r.URL.Path, "search") {
					end()
				}
				return nil, io.ErrUnexpectedEOF
			})))
			_, err := c.Records.CreateOnce(t.Context(), client.UniqueKey{FieldID: "f", FieldName: "Key", Value: "a"}, client.RecordChange{})
			if !errors.As(err, new(*client.UnknownOutcomeError)) || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want an UnknownOutcomeError that says %q", err, name)
			}
		})
	}
}

func TestCreateOnceChecksItsKey(t *testing.T) {
	c := newClient(t, nil)
	for want, key := range map[string]client.UniqueKey{
		"FieldID":    {FieldName: "a", Value: "b"},
		"FieldName":  {FieldID: "a", Value: "b"},
		"quote":      {FieldID: "a", FieldName: "it's", Value: "b"},
		"Value":      {FieldID: "a", FieldName: "a", Value: " "},
		"IndexDelay": {FieldID: "a", FieldName: "a", Value: "b", IndexDelay: -1},
	} {
		if _, err := c.Records.CreateOnce(t.Context(), key, client.RecordChange{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error about %s", err, want)
		}
	}
}
