package aprimotest

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

// An answer is a response that is complete before its first byte is sent. It is
// an http.ResponseWriter, so that the routes are ordinary handlers.
type answer struct {
	status int
	header http.Header
	body   []byte
	stream io.Reader // a file, instead of the body
	slow   time.Duration
	cut    int64 // if not zero, the connection ends after so many bytes
	fault  bool  // not what was asked for
}

func newAnswer() *answer { return &answer{header: make(http.Header)} }

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, p...)
	return len(p), nil
}

// ReadFrom takes a file as the body, which is read as the answer is. So a large
// one is never in memory; it is what http.ServeContent calls.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	a.stream = r
	return 0, nil
}

// finish adds what a server adds to every answer. Date is given here, not left
// to net/http, so that it is the same in process and over a socket.
func (a *answer) finish() {
	a.WriteHeader(http.StatusOK)
	a.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if a.header.Get("Content-Length") == "" {
		a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
}

// A chunk is a part of a body, and when it comes after the header.
type chunk struct {
	after time.Duration
	data  []byte
}

const slowChunks = 10

// chunks splits the body into what comes at once; the last has the end.
func (a *answer) chunks() []chunk {
	if a.slow <= 0 || len(a.body) == 0 {
		return []chunk{{data: a.body}}
	}
	all := make([]chunk, slowChunks)
	for i := range all {
		n := len(a.body)
		all[i] = chunk{
			after: a.slow * time.Duration(i+1) / slowChunks,
			data:  a.body[i*n/slowChunks : (i+1)*n/slowChunks],
		}
	}
	return all
}

// writeJSON answers with a value of this package, which can always be encoded.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(appendJSON(nil, v))
}
