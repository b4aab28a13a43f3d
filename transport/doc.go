// Package transport keeps a program within Aprimo's limit of 15 requests per second. It
// is an [http.RoundTripper] for any HTTP client:
//
//	client := &http.Client{Transport: transport.New()}
//
// Most programs need no more. Requests above the limit wait here, in order, instead of at
// Aprimo. If a request is answered 429 all the same, because other integrations use the
// tenant too, all calls pause for a while, and the request is retried ahead of those that
// have not been sent yet. Each 429 leaves a log line with the user ([ContextWithUser]) and
// the request.
//
// Use one Transport for all requests to a tenant, in all goroutines. Requests to other hosts
// count too, unless [WithHosts] says which do. It is safe for concurrent use. Two Transports do not coordinate; package redislimit shares one limit
// between processes.
//
// # Request pipeline
//
//	retry      retry? how long to wait?                        WithRetry
//	bulkhead   heavy operations yield to light ones            WithHeavy
//	queue      who goes next; bounded                          WithMaxQueue, WithClasses, ContextWithPriority
//	pause      a 429 pauses everything, then one probe
//	window     limits requests in flight: few queue at Aprimo  WithWindow
//	limiter    at most N in any second                         WithLimiter
//	base       the wire                                        WithBase
//
// Every attempt, including retries, goes through all layers. [Transport.RoundTrip] is the
// outer loop, and New lists the layers below it.
//
// The 15 requests per second are the tenant's: other integrations use them too, unseen. So
// the number of requests in flight follows the delay that the server adds, such that
// few of ours wait in its queue and the others are answered quickly; see [WithWindow].
//
// # What it does not do
//
// It does not authenticate: the RoundTripper contract leaves that to higher layers, so that
// one Transport serves many users. It does not send mail: package notify does, as an
// [Observer]. It never reads a body into memory, so a request with a body is retried only
// if it has a GetBody, as those of [http.NewRequest] from a bytes.Buffer, bytes.Reader or
// strings.Reader have.
//
// # Design
//
// Slots are assigned when they become available, not reserved in advance. A limiter that
// reserves them, as golang.org/x/time/rate does, loses the slots of callers that give up,
// and after a stop of the process lets all that have become due go at once. Here the caller
// at the head of the queue waits for the next slot for all, in its own goroutine and with
// the only timer. So nothing runs while nobody calls, and testing/synctest can drive it all.
// Another goroutine writes the log, so that no request waits for a log that hangs. It ends
// when all lines are written.
//
// The limit holds on the wire: a slot counts from when its request is written. Hooks of
// [net/http/httptrace] tell when there is a connection, which may take several round trips,
// and when net/http sends a request again by itself, because a kept connection was closed
// or an HTTP/2 stream was refused. Such a request waits for another slot. A base that is
// not net/http's and does not call these hooks has its slots count from when they are
// given, and so has a Limiter that is not from NewLimiter.
//
// Locks are taken in this order: the lock of a bulkhead's queue, the engine's (the one of
// the main queue), the limiter's. No lock is held while a call waits. Observers, log
// writers, Limiters and the functions of options run without any, and may call any method
// of the Transport.
//
// # The log
//
// By default WARN and above goes to zerolog's global logger; see [WithLogger] and
// [WithSlog]. Each 429 has a line. Its fields are those of OpenTelemetry's HTTP conventions
// where these have one. Here it is with line breaks:
//
//	{"level":"warn","user.name":"anna@example.com","http.request.method":"GET",
//	 "url.full":"https://acme.dam.aprimo.com/api/core/records?pageSize=REDACTED",
//	 "aprimo.rate_limit.queue_wait_ms":1009,"aprimo.rate_limit.queued":119,
//	 "http.request.resend_count":0,"aprimo.rate_limit.next_retry_ms":1059,
//	 "http.response.status_code":429,"error.type":"429",
//	 "aprimo.operation":"GET /api/core/records","aprimo.rate_limit.will_retry":true,
//	 "aprimo.rate_limit.pause_ms":1059,"aprimo.rate_limit.in_flight":7,
//	 "aprimo.rate_limit.server_delay_ms":310,"aprimo.rate_limit.rate":8,
//	 "message":"Aprimo answered 429 Too Many Requests; will retry"}
//
// The level is error if the call is given up. Other lines: an attempt that failed and is
// retried (WARN), long waits in the local queue (INFO, at most one in 10 s), and the other
// processes that share the limit, lost (WARN) or found (INFO).
//
// In a flood of 429s most of them have no line; see WithLogger. After such a minute, and
// after any with 20 or more 429s, there is a summary:
//
//	{"level":"warn","event":"aprimo.429.summary","aprimo.429.since":"2026-11-25T01:31:07Z",
//	 "aprimo.429.total":75,"aprimo.429.given_up":2,"aprimo.429.suppressed":15,"aprimo.429.suppressed_given_up":0,
//	 "aprimo.429.rest":[{"user":"ben","operation":"GET /api/core/records","count":11,"error":0}],"aprimo.429.rest_other":4,
//	 "aprimo.429.rest_users":[{"name":"ben","count":11,"error":0}],"aprimo.429.rest_users_other":4,
//	 "aprimo.429.rest_operations":[{"name":"GET /api/core/records","count":15,"error":0}],"aprimo.429.rest_operations_other":0,
//	 "aprimo.429.users":[{"name":"anna","count":48,"error":0},{"name":"ben","count":27,"error":0}],
//	 "aprimo.429.operations":[{"name":"GET /api/core/records","count":75,"error":0}],
//	 "aprimo.rate_limit.queued_max":131,"aprimo.rate_limit.server_delay_ms":6480,
//	 "aprimo.rate_limit.rate":5.1,"aprimo.rate_limit.others_rate_min":9.4,
//	 "message":"summary of 429s"}
//
// total is the number of 429s from since on; suppressed of them have no line of their own.
// So the number of lines plus the sum of suppressed is the number of all 429s. rest lists
// the users and operations of the suppressed ones, rest_users and rest_operations the same
// by only one of the two; each field in _other is how many the list before it leaves
// out. users and operations are the most frequent ones of all 429s. A count is too high by
// at most error; see package topk. queued_max is the highest number of calls that waited in
// the local queue. others_rate_min is how many requests a second others used at least.
// Call [Transport.Shutdown] when the program ends, or the last summary is missing.
//
// If the log's writer is so slow that lines must be dropped, suppressed includes the 429s
// among them. The next line says in aprimo.log.dropped how many others were dropped.
package transport
