// Package retry retries HTTP requests to Aprimo.
//
// Most programs need nothing from here: package transport retries by itself, and lets
// every attempt wait its turn. Alone it is one line:
//
//	client := &http.Client{Transport: &retry.Transport{}}
//
// A request that was answered 429, or did not reach the server, is retried whatever its
// method, because the server did not process it. After any other failure only idempotent
// requests are: a second POST would create a second record.
//
// It does not limit the rate, and does not slow one call down because another one met a
// 429. It never reads a request's body into memory: a body is sent again through
// [http.Request.GetBody], and without that the request is not retried.
//
// # Design
//
// A [Call] is the loop of one request, in steps that its owner calls: Send, Judge, Rewind,
// Rest. So the owner decides what happens between them; package transport logs, pauses
// all other calls, and lets its queue do the waiting.
//
// github.com/hashicorp/go-retryablehttp judges errors, and github.com/cenkalti/backoff/v4
// makes the intervals. The loop of go-retryablehttp is not used: it reads bodies into
// memory, drops the last response, does not cap Retry-After, closes idle connections,
// writes to the request, and follows redirects. Here the caller gets the base's own last
// response or error: a 429 comes back as a response with a readable body.
package retry
