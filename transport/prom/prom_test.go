package prom_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/prom"
)

func TestCollector(t *testing.T) {
	tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()))
	for range 3 {
		resp, err := (&http.Client{Transport: tr}).Get("https://acme.dam.aprimo.com/api/core/records")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	c := prom.NewCollector(tr)
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	want := `
		# HELP aprimo_requests_total Requests sent, repetitions included.
		# TYPE aprimo_requests_total counter
		aprimo_requests_total 3
	`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), "aprimo_requests_total"); err != nil {
		t.Error(err)
	}
}

func ExampleNewCollector() {
	tr := transport.New()
	registry := prometheus.NewRegistry()
	prometheus.WrapRegistererWith(prometheus.Labels{"tenant": "acme"}, registry).MustRegister(prom.NewCollector(tr))
}
