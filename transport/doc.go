// Package transport keeps a program within Aprimo's limit of 15 requests per second. It
// is an [http.RoundTripper] for any HTTP client:
//
//	client := &http.Client{Transport: transport.New()}
//
// Most programs need no more. Requests above the limit wait in a local queue instead of at
// Aprimo. If a request is answered 429 nevertheless, because other integrations use the tenant
// too, all calls pause, and the request is retried ahead of new ones. Each 429 has a log line
// with the user ([ContextWithUser]) and the request.
//
// Use one Transport for all requests to a tenant, in all goroutines: it is safe for concurrent
// use, and two Transports do not coordinate. Package redislimit shares one limit between
// processes. Requests to all hosts count, unless [WithHosts] restricts them.
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
// All integrations of the tenant share its 15 requests per second, and none sees the others. So
// the number of requests in flight follows the delay that the server adds: few of ours wait in
// its queue, and other integrations are answered quickly. See [WithWindow], and [WithStore] for
// programs that start often.
//
// # Why did this call wait?
//
// The Reason of its [Event]s says why: the limit, a limit that is shared with other processes, the
// window, a pause, heavy operations, or the delay of a retry; see [WaitReason]. Spans of package
// otelaprimo say the same. [Stats] says what delays all calls now, and how long a new call waits;
// see [Bottleneck]. A long wait also has a line in the log.
//
// # What it does not do
//
// It does not authenticate: the RoundTripper contract leaves that to higher layers, so one
// Transport serves many users. It does not send mail: package notify does, as an [Observer]. It
// never reads a body into memory: a request with a body is retried only if it has a GetBody.
// [http.NewRequest] sets one for a bytes.Buffer, bytes.Reader or strings.Reader.
//
// # Design
//
// Slots are assigned when they become available, not reserved in advance. A limiter that
// reserves slots, as golang.org/x/time/rate does, loses the slots of cancelled callers, and after
// a stop of the process it releases all overdue ones at once. Here the caller at the head of the
// queue waits for the next slot, in its own goroutine and with the only timer. So nothing runs
// without calls, and testing/synctest can drive everything. Another goroutine writes the log, so
// that no request waits for a log that hangs. It ends when all lines are written.
//
// The limit holds on the wire: a slot counts from when its request is written. Hooks of
// [net/http/httptrace] report when there is a connection, which may take several round trips,
// and when net/http sends a request again by itself, because a kept connection was closed or an
// HTTP/2 stream was refused. Such a request waits for another slot. With a base that does not
// call these hooks, or a Limiter that is not from NewLimiter, a slot counts from when it is
// assigned.
//
// Locks are taken in this order: the lock of a bulkhead's queue, the engine's (that of the main
// queue), the limiter's. No lock is held while a call waits. Observers, log writers, Limiters and
// the functions of options run without a lock, and may call any method of the Transport.
//
// # The log
//
// By default WARN and above goes to zerolog's global logger; see [WithLogger] and
// [WithSlog]. Each 429 has a line, except in a flood. Its fields are those of OpenTelemetry's
// HTTP conventions where these have one. Here it is with line breaks:
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
// The level is error if the call is given up. Other lines report an attempt that failed and is
// retried (WARN), a long wait in the local queue (INFO, at most one line in 10 s), and that the
// processes that share the limit are lost (WARN) or found (INFO).
//
// In a flood of 429s most have no line; see WithLogger. A summary follows such a minute, and any
// minute with 20 or more 429s:
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
// total is the number of 429s since the time in since; suppressed of them have no line. So the
// number of lines plus the sum of suppressed is the number of all 429s. rest counts the
// suppressed ones by user and operation, rest_users by user and rest_operations by operation; a
// field in _other counts those that the list before it leaves out. users and operations are the
// most frequent ones of all 429s. A count is too high by at most error; see package topk.
// queued_max is the highest number of calls in the local queue, and others_rate_min how many
// requests per second others used at least. Call [Transport.Shutdown] when the program ends, or
// the last summary is missing.
//
// If the log's writer is so slow that lines must be dropped, suppressed includes the 429s among
// them. The next line says in aprimo.log.dropped how many other lines were dropped.
package transport
