package aprimotest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestRejection(t *testing.T) {
	const page = "<html>"
	for _, tt := range []struct {
		name        string
		reject      aprimotest.Rejection
		retryAfter  []string
		contentType string
		body        string
	}{
		{"zero", aprimotest.Rejection{}, nil, "text/html", page},
		{"seconds", aprimotest.Rejection{RetryAfter: 7 * time.Second}, []string{"7"}, "text/html", page},
		{"seconds are rounded up", aprimotest.Rejection{RetryAfter: 1}, []string{"1"}, "text/html", page},
		{"date", aprimotest.Rejection{RetryAfter: 90 * time.Second, Date: true}, []string{"Sat, 01 Jan 2000 00:01:31 GMT"}, "text/html", page},
		{"date alone is nothing", aprimotest.Rejection{Date: true}, nil, "text/html", page},
		{"verbatim", aprimotest.Rejection{RetryAfter: time.Second, Header: http.Header{"Retry-After": {"soon", "0"}}}, []string{"soon", "0"}, "text/html", page},
		{"body", aprimotest.Rejection{Body: []byte(`{}`), Header: http.Header{"Content-Type": {"application/json"}}}, nil, "application/json", "{}"},
		{"empty body", aprimotest.Rejection{Body: []byte{}}, nil, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(500 * time.Millisecond) // a date is rounded up from here
				tenant := &aprimotest.Tenant{Rate: 1, Queue: -1, Reject: tt.reject, Others: []aprimotest.Load{{Burst: 1}}}
				start := time.Now()
				resp, body := do(t, tenant, newRequest(t.Context(), "GET", recordsURL, ""))
				if resp.StatusCode != 429 || time.Since(start) != 0 {
					t.Errorf("status %d after %v, want 429 at once", resp.StatusCode, time.Since(start))
				}
				if diff := cmp.Diff(tt.retryAfter, resp.Header["Retry-After"]); diff != "" {
					t.Error("Retry-After ", diff)
				}
				if got := resp.Header.Get("Content-Type"); got != tt.contentType {
					t.Errorf("Content-Type %q, want %q", got, tt.contentType)
				}
				if !strings.HasPrefix(body, tt.body) || tt.body == "" && body != "" {
					t.Errorf("body %q, want %q", body, tt.body)
				}
			})
		})
	}
}

// One answer must not change the next.
func TestRejectionHeaderIsCopied(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1, Queue: -1, Others: []aprimotest.Load{{Burst: 1}},
		Reject: aprimotest.Rejection{Header: http.Header{"X": {"as given"}}}}
	for range 2 {
		resp, _ := do(t, tenant, newRequest(t.Context(), "GET", recordsURL, ""))
		if got := resp.Header.Get("X"); got != "as given" {
			t.Errorf("%q", got)
		}
		resp.Header["X"][0] = "changed"
	}
}
