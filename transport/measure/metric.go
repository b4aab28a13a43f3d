// Package measure reports the metrics of a transport.Transport to a function, with the names
// of OpenTelemetry's semantic conventions and without a telemetry library. Packages otelaprimo
// and prom are built on it. Use it to support another system, for example StatsD:
//
//	measure.Observe(tr, func(ctx context.Context, name string, value float64, attributes ...string) { … })
//	measure.Read(tr, func(name string, value float64, attributes ...string) { … })
//
// [Metrics] describes each name, and the table in package otelaprimo shows them.
//
// # What it does not do
//
// It keeps no sums; the telemetry library does. No attribute is a user or a URL, because
// their number is unbounded; the number of values of each attribute is bounded.
package measure

import "slices"

// A Kind says how to aggregate the values of a Metric.
type Kind int

// The kinds of metrics.
const (
	Counter   Kind = iota + 1 // Observe reports each increase
	Histogram                 // Observe reports each value
	Gauge                     // Read reports the current value
	Sum                       // a Gauge; the values of several Transports add up
	Total                     // a Counter; Read reports its total
)

// A Metric describes what is measured.
type Metric struct {
	Name       string
	Kind       Kind
	Unit       string // in UCUM; empty if it has none
	Help       string
	Attributes []string  // their names, in the order in which they are reported
	Bounds     []float64 // of a Histogram's buckets
}

// The names of the metrics.
const (
	RequestDuration = "http.client.request.duration"

	prefix          = "aprimo.client.rate_limit."
	Requests        = prefix + "requests"
	TimeInQueue     = prefix + "request.time_in_queue"
	RateLimited     = prefix + "429"
	Retries         = prefix + "retries"
	GivenUp         = prefix + "given_up"
	QueuedRequests  = prefix + "queued_requests"
	InFlight        = prefix + "in_flight"
	Window          = prefix + "window"
	Rate            = prefix + "rate"
	Limit           = prefix + "limit"
	ServerDelay     = prefix + "server_delay"
	Others          = prefix + "others"
	Pause           = prefix + "pause"
	CoordinatorUp   = prefix + "coordinator.up"
	CoordinatedWith = prefix + "processes"
)

// The names of the attributes. An attribute with an empty value does not apply.
const (
	Method    = "http.request.method"
	Status    = "http.response.status_code"
	Server    = "server.address"
	ErrorType = "error.type"
	Class     = "aprimo.class"
	Result    = "aprimo.result"
	Operation = "aprimo.operation"
)

// Metrics describes the metrics of Observe and Read.
func Metrics() []Metric {
	// The convention's recommendation, and what a call may wait here beyond that.
	wire := []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	queue := append(slices.Clone(wire), 30, 60)
	return []Metric{
		{RequestDuration, Histogram, "s", "Duration of attempts on the wire, until the response header.",
			[]string{Method, Status, Server, ErrorType}, wire},
		{Requests, Counter, "{request}", "Ended calls, by whether they got a slot.", []string{Result}, nil},
		{TimeInQueue, Histogram, "s", "Wait of calls in the local queue, all attempts together.",
			[]string{Class, Result}, queue},
		{RateLimited, Counter, "{response}", "Attempts answered 429.", []string{Operation}, nil},
		{Retries, Counter, "{request}", "Attempts beyond the first of their call.", nil, nil},
		{GivenUp, Counter, "{request}", "Calls that ended with a 429.", nil, nil},
		{QueuedRequests, Sum, "{request}", "Calls in the local queue.", []string{Class}, nil},
		{InFlight, Sum, "{request}", "Requests without a response header.", nil, nil},
		{Window, Gauge, "{request}", "Maximum of requests in flight; none if not bounded.", nil, nil},
		{Rate, Gauge, "{request}/s", "Requests sent per second, the mean of the last 10 s.", nil, nil},
		{Limit, Gauge, "{request}/s", "Requests per second that the limiter allows; none if not known.", nil, nil},
		{ServerDelay, Gauge, "s", "How long requests wait at Aprimo before they begin.", nil, nil},
		{Others, Gauge, "{request}/s", "Requests per second of other programs to the tenant; none if not known.", nil, nil},
		{Pause, Gauge, "s", "What remains of the pause after a 429.", nil, nil},
		{CoordinatorUp, Gauge, "", "1 if the processes that share the limit are reachable, else 0.", nil, nil},
		{CoordinatedWith, Gauge, "{process}", "Processes that share the limit, this one included.", nil, nil},
	}
}
