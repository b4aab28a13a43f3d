package transport_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// The whole set-up. For a real tenant leave out WithBase, or give it the base
// that you have.
func Example() {
	tenant := &aprimotest.Tenant{}
	client := &http.Client{Transport: transport.New(transport.WithBase(tenant.Transport()))}

	resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// A server that calls Aprimo as one technical user says for whom, and the log
// tells them apart.
func ExampleContextWithUser() {
	ctx := transport.ContextWithUser(context.Background(), "anna@example.com")
	fmt.Println(transport.UserFromContext(ctx))
	// Output: anna@example.com
}

// The name can also be read from what a program has anyway.
func ExampleWithIdentity() {
	tr := transport.New(transport.WithIdentity(func(req *http.Request) string {
		return req.Header.Get("X-Job-Name")
	}))
	fmt.Println(tr.Stats().Bottleneck)
	// Output: demand
}

// One http.Client for Aprimo and for others: only Aprimo's hosts are limited.
func ExampleWithHosts() {
	tr := transport.New(transport.WithHosts("aprimo.com"))
	client := &http.Client{Transport: tr}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	resp, err := client.Get(server.URL)
	if err != nil {
		log.Fatal(err)
	}
	resp.Body.Close()
	fmt.Println(tr.Stats().Sent, "under the limit")
	// Output: 0 under the limit
}

// Each 429 is an event; so is the end of each call.
func ExampleWithObserver() {
	limited := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if limited {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		limited = false
	}))
	defer server.Close()

	client := &http.Client{Transport: transport.New(
		transport.WithLogger(zerolog.Nop()),
		transport.WithRetry(retry.Policy{MinDelay: time.Millisecond}),
		transport.WithObserver(func(_ context.Context, e transport.Event) {
			switch e.Kind {
			case transport.RateLimited, transport.Paused, transport.Done:
				fmt.Println(e.Kind, "attempt", e.Attempt, "status", e.Status)
			}
		}),
	)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output:
	// rate limited attempt 1 status 429
	// paused attempt 1 status 429
	// done attempt 2 status 200
}

// A call that cannot be made in time says so at once.
func ExampleQueueError() {
	tr := transport.New(transport.WithLimiter(transport.NewLimiter(1, time.Minute)),
		transport.WithBase((&aprimotest.Tenant{}).Transport()))
	client := &http.Client{Transport: tr, Timeout: 10 * time.Second}
	for range 2 {
		resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
		if err == nil {
			resp.Body.Close()
			continue
		}
		var q *transport.QueueError
		if errors.As(err, &q) {
			fmt.Println(errors.Is(err, context.DeadlineExceeded), q.Wait > 50*time.Second)
		}
	}
	// Output: true true
}

// At the end of a program: what waits is still sent, what comes is refused.
func ExampleTransport_Shutdown() {
	tr := transport.New()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fmt.Println(tr.Shutdown(ctx))

	_, err := (&http.Client{Transport: tr}).Get("https://acme.dam.aprimo.com/api/core/records")
	fmt.Println(errors.Is(err, transport.ErrShutdown))
	// Output:
	// <nil>
	// true
}

// A job that runs every few minutes knows from its last run how fast the API is. So it notices at
// once if others keep the API busy.
func ExampleWithStore() {
	dir, err := os.MkdirTemp("", "aprimo")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	base := (&aprimotest.Tenant{}).Transport()
	tr := transport.New(transport.WithBase(base), transport.WithStore(notify.Dir(dir), "acme"))
	resp, err := (&http.Client{Transport: tr}).Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, tr.Shutdown(context.Background()))
	// Output: 200 OK <nil>
}

func ExampleTransport_Stats() {
	tr := transport.New()
	s := tr.Stats()
	fmt.Println(s.Queued, s.InFlight, s.Sent, s.RateLimited, s.Bottleneck)
	// Output: 0 0 0 0 demand
}
