package main

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// sample makes a log: three users call a tenant whose queue others keep full.
func sample(ctx context.Context) source {
	var log bytes.Buffer
	tenant := &aprimotest.Tenant{Rate: 60, Queue: 20, Others: []aprimotest.Load{{Agent: "others", Burst: 80, Rate: 70, Until: 3 * time.Second}}}
	tr := transport.New(
		transport.WithBase(tenant.Transport()),
		transport.WithLimiter(transport.NewLimiter(60, time.Second)),
		transport.WithLogger(zerolog.New(&log).With().Timestamp().Logger()),
	)
	users := []string{"nightly-import", "nightly-import", "anna@example.com"}
	paths := []string{"/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9", "/api/core/records", "/api/core/orders"}
	var all sync.WaitGroup
	for i := range 300 {
		all.Go(func() {
			ctx := transport.ContextWithUser(ctx, users[i%len(users)])
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://acme.dam.aprimo.com"+paths[i%7%len(paths)], nil)
			if err != nil {
				return
			}
			if resp, err := tr.RoundTrip(req); err == nil {
				resp.Body.Close()
			}
		})
	}
	all.Wait()
	_ = tr.Shutdown(ctx)
	return source{"the log just made", bytes.NewReader(log.Bytes())}
}
