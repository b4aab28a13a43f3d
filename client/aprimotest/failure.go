package aprimotest

import (
	"cmp"
	"fmt"
	"net/http"
)

const badRequest = "System.ArgumentException"

// A failure is an error that the API answers with. A request is refused by a panic with one,
// at whatever depth, so that nothing between has to pass it on.
type failure struct {
	reason
	message string
}

// A reason is the status and the type of the failures of one sort.
type reason struct {
	status int
	kind   string
}

var (
	invalid  = reason{http.StatusBadRequest, badRequest}
	missing  = reason{http.StatusNotFound, "Adam.Rest.Common.NoDataFoundException"}
	conflict = reason{http.StatusConflict, badRequest}
	tooLarge = reason{http.StatusRequestEntityTooLarge, badRequest}
)

func (why reason) because(format string, args ...any) *failure {
	return &failure{why, fmt.Sprintf(format, args...)}
}

// when refuses a request if a condition holds.
func (why reason) when(refused bool, format string, args ...any) {
	if refused {
		panic(why.because(format, args...))
	}
}

// refusal returns the failure with which f panics; nil if it does not.
func refusal(f func()) (refused *failure) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
		case *failure:
			refused = reason
		default:
			panic(reason)
		}
	}()
	f()
	return nil
}

// A handler answers a request with what it returns. Nil is 204, unless it has written
// something itself.
type handler func(http.ResponseWriter, *http.Request) any

// with returns a handler that is given the body of a request, which must be one object.
func with[T any](h func(w http.ResponseWriter, r *http.Request, in T) any) handler {
	return func(w http.ResponseWriter, r *http.Request) any {
		var in T
		again(readJSON(r), &in)
		return h(w, r, in)
	}
}

// refuse answers as the API does if it refuses a request.
func (t *Tenant) refuse(w http.ResponseWriter, r *http.Request, f *failure) {
	var out any = document{
		"exceptionMessage": f.message, "exceptionType": cmp.Or(t.Guesses.Exceptions[f.status], f.kind), "stackTrace": nil, "innerException": nil,
	}
	if t.Guesses.Failure != nil && isMO(r) {
		out = t.Guesses.Failure(f.status, f.message)
	}
	writeJSON(w, f.status, out)
}

// writePage answers as a gateway in front of the API does.
func writePage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html>\r\n<head><title>%d %[2]s</title></head>\r\n<body>\r\n<center><h1>%[1]d %[2]s</h1></center>\r\n</body>\r\n</html>\r\n",
		status, http.StatusText(status))
}
