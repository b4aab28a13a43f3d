package otelaprimo_test

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/otelaprimo"
)

func ExampleInstrument() {
	reader := metric.NewManualReader() // in a program, one that exports
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	defer provider.Shutdown(context.Background())

	tr := transport.New(transport.WithBase(new(aprimotest.Tenant).Transport()))
	if _, err := otelaprimo.Instrument(tr, provider); err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: tr}
	for range 3 {
		resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records")
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
	}

	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if h, ok := m.Data.(metricdata.Histogram[float64]); ok {
			fmt.Println(m.Name, m.Unit, h.DataPoints[0].Count)
		}
	}
	// Output:
	// http.client.request.duration s 3
	// aprimo.client.rate_limit.request.time_in_queue s 3
}
