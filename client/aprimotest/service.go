package aprimotest

import (
	"maps"
	"net/http"
	"time"
)

// Services is a table of the time that the server needs for each operation, by
// the patterns of [http.ServeMux], such as
//
//	aprimotest.Services{
//		"POST /api/core/orders":     3 * time.Second,
//		"GET /api/core/record/{id}": 40 * time.Millisecond,
//		"/":                         20 * time.Millisecond, // all others
//	}
//
// Requests that match no pattern take the default of 20 milliseconds.
type Services map[string]time.Duration

// Func returns the table as a function for [Tenant.Service]. Like
// [http.ServeMux.Handle] it panics if a pattern is not valid or if two conflict.
func (s Services) Func() func(*http.Request) time.Duration {
	s = maps.Clone(s)
	var mux http.ServeMux
	for pattern := range s {
		mux.Handle(pattern, http.NotFoundHandler()) // never called: only the pattern is asked for
	}
	return func(r *http.Request) time.Duration {
		_, pattern := mux.Handler(r)
		if d, ok := s[pattern]; ok {
			return d
		}
		return defaultService
	}
}
