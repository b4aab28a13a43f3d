// Package retry decides whether an HTTP request to Aprimo is made again, and
// after how long, and does it.
//
// Most programs need nothing from here: package transport contains a
// [Transport] and lets every attempt wait its turn. Alone it is one line:
//
//	client := &http.Client{Transport: &retry.Transport{}}
//
// A request that was answered 429 is repeated whatever its method, since the
// server did not process it. After any other failure only idempotent requests
// are: a second POST would create a second record.
//
// What it does not do: it keeps no rate, it does not slow one call down because
// another one met a 429, and it never reads a request's body into memory. A body
// is sent again through [http.Request.GetBody], and without that not at all.
//
// # Design
//
// github.com/hashicorp/go-retryablehttp runs the loop and judges errors,
// github.com/cenkalti/backoff/v4 makes the intervals. The first attempt goes
// straight to the base, so a call that succeeds at once, as nearly all do, pays
// for neither. What a caller gets is always the base's own last response or
// error: a 429 comes back as a response with a readable body.
package retry
