package aprimotest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const (
	notFound   = "Adam.Rest.Common.NoDataFoundException"
	badRequest = "System.ArgumentException"
)

// A failure is an error that the API answers with.
type failure struct {
	status        int
	kind, message string
}

func (f *failure) Error() string { return f.message }

func invalid(format string, args ...any) error {
	return &failure{http.StatusBadRequest, badRequest, fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) error {
	return &failure{http.StatusNotFound, notFound, fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &failure{http.StatusConflict, badRequest, fmt.Sprintf(format, args...)}
}

// A handler is an http.HandlerFunc that leaves it to others to tell what failed.
type handler func(http.ResponseWriter, *http.Request) error

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h(w, r)
	if f := (*failure)(nil); errors.As(err, &f) {
		writeException(w, f.status, f.kind, f.message)
	} else if err != nil {
		writeException(w, http.StatusBadRequest, badRequest, err.Error())
	}
}

// with returns a handler that is given the body of a request, which must be one object.
func with[T any](h func(w http.ResponseWriter, r *http.Request, in T) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in T
		if err := readJSON(r, &in); err != nil {
			return err
		}
		return h(w, r, in)
	}
}

// readJSON reads the body of a request, which must be one object.
func readJSON(r *http.Request, v any) error {
	data, err := io.ReadAll(r.Body)
	if err != nil || len(data) > maxBody {
		return &failure{http.StatusRequestEntityTooLarge, badRequest, "The request is too large."}
	}
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return invalid("the request body is not a JSON object")
	}
	var all document
	if err := json.Unmarshal(relaxed(data), &all); err != nil {
		return invalid("the request body could not be read: %v", err)
	}
	if r.PathValue("path") == "" { // not of the DAM
		return again(all, v)
	}
	return again(bareIDs(all), v)
}

// again reads a value that was read before as one of another type.
func again(value, v any) error {
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return invalid("the request body could not be read: %v", err)
	}
	return nil
}
