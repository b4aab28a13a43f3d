package aprimotest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// A Fault is what goes wrong with one request that was admitted. With the zero
// value nothing does. The request uses its part of the rate in any case, and
// fails after its time of service.
type Fault struct {
	// Status is the answer, and the request has no effect unless Done is set.
	// It is meant for 500 (with an exception as the API writes it) and 502,
	// 503 or 504 (with the page of a gateway). Zero means none.
	Status int

	// Drop closes the connection without an answer. The request has no effect
	// unless Done is set.
	//
	// Over a socket, an http.Transport sends a GET again by itself if its
	// connection had been used before; in process nothing is sent again.
	Drop bool

	// Done makes Status and Drop happen after the request has had its effect,
	// so that only its answer is lost.
	Done bool

	// Slow is how long the body of the answer takes, in ten pieces. The
	// header comes at once.
	Slow time.Duration

	// Cut ends the connection after this number of bytes of the answer's body;
	// the request has had its effect. Zero means that the body is complete.
	Cut int64
}

// errDropped is what a dropped connection looks like in process.
var errDropped = fmt.Errorf("aprimotest: connection dropped: %w", io.ErrUnexpectedEOF)

// apply returns what becomes of a request that serve answers.
func (f Fault) apply(t *Tenant, r *http.Request, serve func(*answer)) (*answer, error) {
	a := newAnswer()
	broken := f.Drop || f.Status != 0
	if f.Done || !broken {
		serve(a)
	}
	if f.Drop {
		return nil, errDropped
	}
	if broken {
		a = &answer{header: make(http.Header), fault: true}
		if f.Status == http.StatusInternalServerError {
			t.refuse(a, r, reason{f.Status, "System.Exception"}.because("An unexpected error has occurred."))
		} else {
			writePage(a, f.Status)
		}
	}
	a.slow, a.cut = f.Slow, f.Cut
	return a, nil
}

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
