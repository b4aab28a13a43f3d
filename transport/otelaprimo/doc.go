// Package otelaprimo measures and traces a transport.Transport with OpenTelemetry:
//
//	otelaprimo.Trace(tr, tracerProvider)                      // nil: the global one
//	readings, err := otelaprimo.Instrument(tr, meterProvider) // nil: the global one
//
// That is all; what is done with the metrics is the MeterProvider's business. "…"
// stands for "aprimo.client.rate_limit.":
//
//	http.client.request.duration  histogram, s        attempts, from the sending to the response header
//	…requests                     counter             calls that ended
//	…request.time_in_queue        histogram, s        what they waited here, all attempts together
//	…429                          counter             attempts that were answered 429
//	…retries                      counter             attempts beyond the first of their call
//	…given_up                     counter             calls that ended with a 429
//	…queued_requests              up-down counter     calls that wait here
//	…in_flight                    up-down counter     requests that have no response header yet
//	…window                       gauge               how many of these may be; none if not bounded
//	…rate                         gauge, {request}/s  requests sent, the mean of the last 10 s
//	…limit                        gauge, {request}/s  what the limiter lets through; none if not known
//	…server_delay                 gauge, s            how long Aprimo lets a request wait
//	…others                       gauge, {request}/s  what other programs send; none if not known
//	…pause                        gauge, s            how long a 429 still holds everybody back
//	…coordinator.up               gauge               0 while the others that share the limit cannot
//	                                                  be reached; none if it is not shared
//	…processes                    gauge               that share the limit; none if it is not shared
//
// Of alerts, with InstrumentAlerts:
//
//	…alert.sent                   counter             alerts that were delivered, counted for each route
//	…alert.failed                 counter             that somebody did not get, as in the log
//	…alert.pending                up-down counter     that are being sent or wait for a retry
//
// Attributes:
//
//	http.client.request.duration  http.request.method, _OTHER for those that HTTP does not know;
//	                              http.response.status_code if there was a response;
//	                              server.address, of which there are 50 at most, the rest is "other";
//	                              error.type if it failed: the status, canceled, timeout or _OTHER
//	…requests                     aprimo.result
//	…request.time_in_queue        aprimo.result, aprimo.class
//	…queued_requests              aprimo.class: interactive, normal or batch
//	…429                          aprimo.operation: as of transport.Operation, 100 at most, the rest is "other"
//
// The result is "acquired" if the call got its turn, for each attempt. If not, it
// is why: queue_full, deadline (it has passed, or would before the turn), canceled,
// shutdown, limiter_failed, or not_prepared (there was no token to send, for example).
//
// The counts of http.client.request.duration add up to Stats().Sent when no call is
// under way.
//
// # Traces
//
// [Trace] makes spans of waits and attempts. Histograms have exemplars that lead to the trace
// of a call, if its span is sampled.
//
//	wait                          internal            until an attempt begins, after the one before or the call
//	GET, POST, …                  client              an attempt, until the response header
//
// Attributes of a wait are aprimo.rate_limit.wait.reason, which is that of transport.Event,
// and aprimo.class. Those of an attempt are http.request.method, http.response.status_code,
// http.request.resend_count from the second one on, server.address, server.port, url.full
// without secrets, and error.type.
//
// # What it does not do
//
// Metrics never name a user or a URL, of which there may be any
// number: those are in the log and in the events, and the URL in spans. It leaves out server.port
// in metrics, which is 443 for all there is of Aprimo's. It needs the API of OpenTelemetry alone, not
// its SDK.
package otelaprimo
