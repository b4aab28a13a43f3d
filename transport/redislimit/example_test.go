package redislimit_test

import (
	"fmt"
	"net/http"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/redislimit"
)

func Example() {
	server, err := miniredis.Run() // yours: redis:6379
	if err != nil {
		panic(err)
	}
	defer server.Close()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()

	limiter := redislimit.New(client, "acme")
	defer limiter.Close()
	tr := transport.New(
		transport.WithLimiter(limiter),
		transport.WithBase(new(aprimotest.Tenant).Transport()), // yours: leave it out
	)
	resp, err := (&http.Client{Transport: tr}).Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
	s := tr.Stats()
	fmt.Println(resp.Status, s.Sharing, s.Processes)
	// Output: 200 OK shared 1
}

func ExampleNewStore() {
	client := redis.NewClient(&redis.Options{Addr: "redis:6379"})
	defer client.Close()
	alerter := notify.New(notify.Email{}, notify.Rule{Store: redislimit.NewStore(client, "acme")})
	defer alerter.Close()
	transport.New(transport.WithObserver(alerter.Observe))
}
