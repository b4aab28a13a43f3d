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
	// Status is answered instead of what was asked for, and nothing is done,
	// unless Done says otherwise.
	// It is meant for 500 (with an exception as the API writes it) and 502,
	// 503 or 504 (with the page of a gateway). Zero means none.
	Status int

	// Drop closes the connection without an answer. Nothing is done, unless
	// Done says otherwise.
	//
	// Over a socket, an http.Transport sends a GET again by itself if its
	// connection had been used before; in process nothing is sent again.
	Drop bool

	// Done makes Status and Drop happen after what was asked for has been done,
	// so that its answer alone is lost.
	Done bool

	// Slow is how long the body of the answer takes, in ten pieces. The
	// header comes at once.
	Slow time.Duration

	// Cut ends the connection after so many bytes of the body of the answer;
	// what was asked for is done. Zero means that the body is whole.
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
