package aprimotest

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// A Fault is what goes wrong with one request that was admitted. Its zero value
// is nothing. The request has used its part of the rate in any case, and its
// time of service passes before it fails.
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
func (f Fault) apply(serve func(*answer)) (*answer, error) {
	a := newAnswer()
	broken := f.Drop || f.Status != 0
	if f.Done || !broken {
		serve(a)
	}
	if f.Drop {
		return nil, errDropped
	}
	if broken {
		a = newAnswer()
		f.write(a)
	}
	a.slow, a.cut = f.Slow, f.Cut
	return a, nil
}

func (f Fault) write(a *answer) {
	a.fault = true
	if f.Status == http.StatusInternalServerError {
		writeException(a, f.Status, "System.Exception", "An unexpected error has occurred.")
		return
	}
	writePage(a, f.Status)
}
