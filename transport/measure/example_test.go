package measure_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

// Counters as lines for StatsD.
func ExampleObserve() {
	counters := make(map[string]bool)
	for _, m := range measure.Metrics() {
		counters[m.Name] = m.Kind == measure.Counter
	}
	tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()))
	measure.Observe(tr, func(_ context.Context, name string, value float64, attributes ...string) {
		if counters[name] {
			fmt.Printf("%s:%g|c %q\n", name, value, attributes)
		}
	})
	resp, err := (&http.Client{Transport: tr}).Get("https://acme.dam.aprimo.com/api/core/records")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output: aprimo.client.rate_limit.requests:1|c ["acquired"]
}
