// Package transport keeps a program within Aprimo's limit of 15 requests a
// second, as an [http.RoundTripper] that any HTTP client can stand on:
//
//	client := &http.Client{Transport: transport.New()}
//
// That is all that most programs need. What goes beyond the limit waits its turn
// here, in order, instead of at Aprimo. A request that is answered 429 all the
// same, because other integrations use the tenant too, holds everybody back for
// a while and is then repeated, ahead of those that have not had a turn yet. Each
// 429 leaves a log line with the user ([ContextWithUser]) and the request.
//
// Use one Transport for all requests to a tenant, in all goroutines: it is safe
// for concurrent use, and two of them do not know of each other. For a budget
// that several processes share see package redislimit.
//
// # The way of a request
//
//	retry     again? after how long?                    WithRetry
//	lane      heavy operations yield to light ones      WithHeavy
//	queue     best waiter first; bounded                WithMaxQueue, ContextWithPriority
//	pause     one 429 holds back everybody
//	window    few of ours wait at the server          WithWindow
//	limiter   at most N in any second                   WithLimiter
//	base      the wire                                  WithBase
//
// Each attempt, a repetition too, passes all of it. New builds it in one
// expression.
//
// The 15 requests a second are the tenant's: strangers use them too, unseen. So
// the number of requests in flight is steered by the delay that the server adds,
// such that few of ours wait in its queue and others are answered quickly; see
// [WithWindow].
//
// # What it does not do
//
// It does not authenticate, as the RoundTripper contract asks: that belongs
// above, so that one Transport serves many users. It does not send mail: package
// notify does, as an [Observer]. It never reads a body into memory, so a request
// with a body is repeated only if it has a GetBody, as those of
// [http.NewRequest] from a bytes.Buffer, bytes.Reader or strings.Reader do.
//
// # Design
//
// A slot is given when it falls due, not when the caller comes. A limiter that
// hands out dates in advance, as golang.org/x/time/rate does, loses those of
// callers that give up, and after a stop of the process lets all that have become
// due go at once. Here the caller at the head of the queue waits for the next
// slot on everybody's behalf, in its own goroutine and with the only timer; so
// nothing is running while nobody calls, and testing/synctest can drive it all. Another
// goroutine writes the log, so that no request waits for a log that hangs. It ends when
// all lines are written.
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
