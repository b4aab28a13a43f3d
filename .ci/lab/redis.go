package main

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/redislimit"
)

// dialing is how long go-redis dials after it was closed.
const dialing = 2 * time.Second

// overRedis starts a Redis without sockets, and returns what makes Transports that share a
// limit through it.
func overRedis(ctx context.Context, b *bench) maker {
	server := miniredis.NewMiniRedis()
	dial := func(context.Context, string, string) (net.Conn, error) { return server.Dial() }
	var members sync.WaitGroup
	b.tasks.Go(func() {
		<-ctx.Done()
		members.Wait()
		time.Sleep(dialing)
		server.Close()
	})
	return func(base http.RoundTripper) http.RoundTripper {
		client := redis.NewClient(&redis.Options{
			Dialer:                   dial,
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		})
		limiter := redislimit.New(client, "lab")
		members.Add(1)
		b.tasks.Go(func() {
			defer members.Done()
			<-ctx.Done()
			limiter.Close()
			client.Close()
		})
		return ours(base, transport.WithLimiter(limiter))
	}
}
