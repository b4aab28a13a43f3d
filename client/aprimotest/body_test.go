package aprimotest_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestTransportBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(*http.Request) aprimotest.Fault { return aprimotest.Fault{Slow: 10 * time.Second} }
		tenant := &aprimotest.Tenant{Fault: slow}
		get := func(ctx context.Context) *http.Response {
			resp, err := tenant.Transport().RoundTrip(newRequest(ctx, "GET", recordsURL, ""))
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}

		t.Log("all of it, a tenth each second")
		resp, start := get(t.Context()), time.Now()
		first, _ := resp.Body.Read(make([]byte, 4096))
		if time.Since(start) != time.Second || int64(first) != resp.ContentLength/10 {
			t.Errorf("%d of %d bytes after %v", first, resp.ContentLength, time.Since(start))
		}
		rest, err := io.ReadAll(resp.Body)
		if int64(first+len(rest)) != resp.ContentLength || err != nil || time.Since(start) != 10*time.Second {
			t.Errorf("%d bytes after %v: %v", first+len(rest), time.Since(start), err)
		}
		resp.Body.Close()
		if _, err := resp.Body.Read(make([]byte, 1)); err != http.ErrBodyReadAfterClose {
			t.Errorf("after Close: %v", err)
		}

		t.Log("canceled while it is read")
		ctx, cancel := context.WithTimeout(t.Context(), 4500*time.Millisecond)
		defer cancel()
		resp, start = get(ctx), time.Now()
		_, err = io.ReadAll(resp.Body)
		if err != context.DeadlineExceeded || time.Since(start) != 4480*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		resp.Body.Close()

		t.Log("closed while it is read")
		resp, start = get(t.Context()), time.Now()
		time.AfterFunc(2500*time.Millisecond, func() { resp.Body.Close(); resp.Body.Close() })
		_, err = io.ReadAll(resp.Body)
		if err != http.ErrBodyReadAfterClose || time.Since(start) != 2500*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// As with net/http, a body that was not read before the context ended is lost.
func TestTransportBodyAfterCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := (&aprimotest.Tenant{Service: atOnce}).Transport().RoundTrip(newRequest(ctx, "GET", recordsURL, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	cancel()
	if _, err := io.ReadAll(resp.Body); err != context.Canceled {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
}
