package aprimotest

import (
	"maps"
	"net/http"
	"strconv"
	"time"
)

// A Rejection is what a 429 looks like. Aprimo promises nothing about its body or headers, so
// a client must accept all that can be set here.
// The zero value is the HTML page of a gateway, without a Retry-After.
type Rejection struct {
	// RetryAfter is the value of the header Retry-After, rounded up to a
	// whole second. Zero means that the header is not sent.
	RetryAfter time.Duration

	// Date makes the header a date instead of a number of seconds.
	Date bool

	// Header is sent as it is, in place of the header of the same name that
	// would be sent otherwise. So Retry-After can be given any value, or
	// several, and the Body its Content-Type.
	Header http.Header

	// Body replaces the page. Nil means the page; not nil but empty, no body.
	Body []byte
}

func (j Rejection) answer() *answer {
	a := newAnswer()
	if j.RetryAfter > 0 {
		a.header.Set("Retry-After", j.retryAfter(time.Now()))
	}
	if j.Body == nil {
		writePage(a, http.StatusTooManyRequests)
	} else {
		a.WriteHeader(http.StatusTooManyRequests)
		a.Write(j.Body)
	}
	maps.Copy(a.header, j.Header.Clone())
	return a
}

func (j Rejection) retryAfter(now time.Time) string {
	if j.Date {
		// A date has no fraction of a second; round up, so as not to ask to
		// come back too early.
		at := now.Add(j.RetryAfter)
		return at.Add(time.Second - 1).Truncate(time.Second).UTC().Format(http.TimeFormat)
	}
	return strconv.FormatInt(int64((j.RetryAfter+time.Second-1)/time.Second), 10)
}
