package aprimotest_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestFault(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault aprimotest.Fault
		check func(*testing.T, *http.Response, string, error)
		want  aprimotest.Agent
	}{
		{"none", aprimotest.Fault{}, wantStatus(201, `"id"`), aprimotest.Agent{Served: 1}},
		{"500", aprimotest.Fault{Status: 500}, wantStatus(500, `"exceptionMessage"`), aprimotest.Agent{Failed: 1}},
		{"503", aprimotest.Fault{Status: 503}, wantStatus(503, `503 Service Unavailable`), aprimotest.Agent{Failed: 1}},
		{"drop", aprimotest.Fault{Drop: true}, func(t *testing.T, resp *http.Response, _ string, err error) {
			if resp != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%v, %v", resp, err)
			}
		}, aprimotest.Agent{Failed: 1}},
		{"slow", aprimotest.Fault{Slow: time.Hour}, wantStatus(201, `"id"`), aprimotest.Agent{Served: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := &aprimotest.Tenant{Fault: func(*http.Request) aprimotest.Fault { return tt.fault }}
				start := time.Now()
				resp, err := tenant.Transport().RoundTrip(newRequest(t.Context(), "POST", recordsURL, "{}"))
				if got := time.Since(start); got != 20*time.Millisecond {
					t.Errorf("answered after %v, want the time of service", got)
				}
				var body []byte
				if resp != nil {
					body, _ = io.ReadAll(resp.Body)
					resp.Body.Close()
				}
				if got := time.Since(start); got != 20*time.Millisecond+tt.fault.Slow {
					t.Errorf("read after %v", got)
				}
				tt.check(t, resp, string(body), err)
				tt.want.Arrived, tt.want.MaxPerSecond = 1, 1
				if diff := cmp.Diff(tt.want, tenant.Report().Total); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func wantStatus(status int, text string) func(*testing.T, *http.Response, string, error) {
	return func(t *testing.T, resp *http.Response, body string, err error) {
		t.Helper()
		if err != nil || resp.StatusCode != status || !strings.Contains(body, text) {
			t.Errorf("%v, %v, %q; want %d and %q", resp, err, body, status, text)
		}
	}
}

// A request that fails is not carried out.
func TestFaultDoesNothing(t *testing.T) {
	faults := []aprimotest.Fault{{Status: 500}, {Drop: true}, {}}
	tenant := &aprimotest.Tenant{Service: atOnce, Records: -1, Fault: func(r *http.Request) (f aprimotest.Fault) {
		if r.Method == "POST" {
			f, faults = faults[0], faults[1:]
		}
		return f
	}}
	for range 3 {
		if resp, err := tenant.Transport().RoundTrip(newRequest(t.Context(), "POST", recordsURL, "{}")); err == nil {
			resp.Body.Close()
		}
	}
	_, body := do(t, tenant, newRequest(t.Context(), "GET", recordsURL, ""))
	var list struct{ TotalCount int }
	if err := json.Unmarshal([]byte(body), &list); err != nil || list.TotalCount != 1 {
		t.Errorf("%s; want one record", body)
	}
}

// It is asked as the request begins, not as it arrives, and not on a 429.
func TestFaultIsAskedAtTheBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var asked []time.Duration
		tenant := &aprimotest.Tenant{Rate: 1, Queue: 2, Fault: func(*http.Request) aprimotest.Fault {
			asked = append(asked, time.Since(start))
			return aprimotest.Fault{}
		}}
		send(tenant, times(4, 0)...)
		if diff := cmp.Diff([]time.Duration{0, time.Second, 2 * time.Second}, asked); diff != "" {
			t.Error(diff)
		}
	})
}

// A lost answer is one to a request that was carried out.
func TestDone(t *testing.T) {
	for name, fault := range map[string]aprimotest.Fault{
		"drop": {Drop: true, Done: true},
		"504":  {Status: 504, Done: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := &aprimotest.Tenant{Records: -1, IndexDelay: -1, Fault: func(r *http.Request) aprimotest.Fault {
					if r.Method == http.MethodPost {
						return fault
					}
					return aprimotest.Fault{}
				}}
				if resp, err := tenant.Transport().RoundTrip(newRequest(t.Context(), "POST", recordsURL, "{}")); err == nil {
					resp.Body.Close()
					if resp.StatusCode != fault.Status {
						t.Errorf("got status %d, want %d", resp.StatusCode, fault.Status)
					}
				}
				resp, err := tenant.Transport().RoundTrip(newRequest(t.Context(), "GET", recordsURL, ""))
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				var page struct{ Items []any }
				if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || len(page.Items) != 1 {
					t.Errorf("got %d records, %v, want the one whose answer was lost", len(page.Items), err)
				}
			})
		})
	}
}

// A file, which is never in memory as a whole, comes slowly and is cut as a text is.
func TestFaultOfAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := &aprimotest.Tenant{Service: atOnce, Fault: func(*http.Request) aprimotest.Fault {
			return aprimotest.Fault{Slow: time.Hour, Cut: 1005}
		}}
		start := time.Now()
		resp, err := tenant.Transport().RoundTrip(newRequest(t.Context(), "GET", coreURL+"/record/"+oneID(1)+"/image/preview/download", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if took := time.Since(start); len(data) != 1005 || !errors.Is(err, io.ErrUnexpectedEOF) || took != time.Hour {
			t.Errorf("got %d bytes, %v after %v, want 1005 and an end too early after an hour", len(data), err, took)
		}
	})
}
