// Package otelaprimo measures and traces a transport.Transport with OpenTelemetry:
//
//	otelaprimo.Trace(tr, tracerProvider)                      // nil: the global one
//	readings, err := otelaprimo.Instrument(tr, meterProvider) // nil: the global one
//
// The providers export the metrics and spans. "…" stands for "aprimo.client.rate_limit.":
//
//	http.client.request.duration  histogram, s        attempts, from sending to the response header
//	…requests                     counter             ended calls
//	…request.time_in_queue        histogram, s        their wait in the local queue, all attempts together
//	…429                          counter             attempts answered 429
//	…retries                      counter             attempts beyond the first of their call
//	…given_up                     counter             calls that ended with a 429
//	…queued_requests              up-down counter     calls in the local queue
//	…in_flight                    up-down counter     requests without a response header
//	…window                       gauge               maximum of in_flight; none if not bounded
//	…rate                         gauge, {request}/s  requests sent, the mean of the last 10 s
//	…limit                        gauge, {request}/s  the rate of the limiter; none if not known
//	…server_delay                 gauge, s            how long requests wait at Aprimo
//	…others                       gauge, {request}/s  requests of other programs; none if not known
//	…pause                        gauge, s            what remains of the pause after a 429
//	…coordinator.up               gauge               1 if the processes that share the limit are
//	                                                  reachable, else 0; none if it is not shared
//	…processes                    gauge               processes that share the limit; none if it is
//	                                                  not shared
//
// Metrics of alerts, with InstrumentAlerts:
//
//	…alert.sent                   counter             delivered alerts, counted for each route
//	…alert.failed                 counter             alerts not delivered or not confirmed, as in the log
//	…alert.pending                up-down counter     alerts being sent or waiting for a retry
//
// Attributes:
//
//	http.client.request.duration  http.request.method, _OTHER for methods that HTTP does not define;
//	                              http.response.status_code if there was a response;
//	                              server.address, at most 50, the rest is "other";
//	                              error.type if it failed: the status, canceled, timeout or _OTHER
//	…requests                     aprimo.result
//	…request.time_in_queue        aprimo.result, aprimo.class
//	…queued_requests              aprimo.class: interactive, normal or batch
//	…429                          aprimo.operation: see transport.Operation, at most 100, the rest is "other"
//
// The result of a call is "acquired" if each of its attempts got a slot. Otherwise it is the
// reason: queue_full, deadline (passed, or expected before the slot), canceled, shutdown,
// limiter_failed, or not_prepared (for example, there was no token).
//
// While no call is in progress, the counts of http.client.request.duration add up to
// Stats().Sent.
//
// # Traces
//
// [Trace] creates spans for waits and attempts. The exemplars of histograms link to the trace
// of a call whose span is sampled.
//
//	wait                          internal            from the call, or the attempt before, to an attempt
//	GET, POST, …                  client              an attempt, until the response header
//
// A wait has the attributes aprimo.rate_limit.wait.reason, with the values of
// [transport.WaitReason], and aprimo.class. An attempt has http.request.method,
// http.response.status_code, http.request.resend_count from the second attempt on,
// server.address, server.port, url.full without secrets, and error.type.
//
// # What it does not do
//
// No attribute of a metric is a user or a URL, because their number is unbounded: find them in
// the log and in the events, and the URL in spans. Metrics have no server.port, which is 443
// for all hosts of Aprimo. The package uses the API of OpenTelemetry, not its SDK.
package otelaprimo
