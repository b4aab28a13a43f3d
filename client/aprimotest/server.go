package aprimotest

import (
	"io"
	"maps"
	"net/http"
	"time"
)

// ServeHTTP answers a request over a socket, for the host names of the DAM and
// of Productivity Management: pass the Tenant to httptest.NewServer. Time is real
// then: a request that is queued for six seconds takes six seconds.
//
// It panics with [http.ErrAbortHandler], which closes the connection, on a
// [Fault] that drops it and for a client that has disconnected.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := t.handle(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	a.finish()
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	end := a.truncate()
	if a.slow > 0 {
		a.trickle(w, r)
	} else {
		w.Write(a.body)
	}
	if a.stream != nil {
		io.Copy(w, a.stream)
	}
	if end != io.EOF {
		http.NewResponseController(w).Flush() // or nothing of it would be sent
		panic(http.ErrAbortHandler)
	}
}

// trickle writes the body as slowly as a Fault wants it.
func (a *answer) trickle(w http.ResponseWriter, r *http.Request) {
	flusher := http.NewResponseController(w)
	flusher.Flush() // the header; a writer that cannot flush is only less slow
	start := time.Now()
	for _, c := range a.chunks() {
		if err := pauseUntil(r.Context(), start.Add(c.after)); err != nil {
			panic(http.ErrAbortHandler)
		}
		w.Write(c.data)
		flusher.Flush()
	}
}
