package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
)

// Errors for [errors.Is] with an [*Error].
var (
	ErrBadRequest    = errors.New("aprimo: bad request")                 // 400
	ErrUnauthorized  = errors.New("aprimo: unauthorized")                // 401, or no token could be obtained
	ErrForbidden     = errors.New("aprimo: forbidden")                   // 403
	ErrNotFound      = errors.New("aprimo: not found")                   // 404
	ErrConflict      = errors.New("aprimo: conflict")                    // 409, for example a locked file
	ErrRateLimited   = errors.New("aprimo: rate limited")                // 429, after all attempts
	ErrUploadExpired = errors.New("aprimo: the upload has been removed") // 404 for an upload's token
)

// An Error describes a failed call. Its text is safe to log: it contains no token, query
// or signature.
type Error struct {
	Status  int    // the HTTP status; 0 without a response
	Type    string // Aprimo's exception type or OAuth's error code, if any
	Message string // Aprimo's message, or what went wrong; shortened to one line

	Method string
	Path   string // without the query
	User   string // from transport.ContextWithUser or the token

	// Attempt is the number of times the request was sent; 0 if never.
	Attempt int

	RequestID  string        // from the server, if any
	RetryAfter time.Duration // from the server; 0 if absent

	cause error
	body  []byte // of the response
	page  bool   // a success is a web page: of a proxy, such as for signing in, and not Aprimo's
}

// Error returns all known facts on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "aprimo: %s %s: ", e.Method, e.Path)
	var parts []string
	if e.Status != 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))))
	}
	for _, text := range []string{e.Type, e.Message} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	b.WriteString(strings.Join(parts, ": "))
	var about []string
	if e.User != "" {
		about = append(about, "user "+clean(e.User))
	}
	if e.Attempt > 1 {
		about = append(about, fmt.Sprintf("attempt %d", e.Attempt))
	}
	if e.RequestID != "" {
		about = append(about, "request "+e.RequestID)
	}
	if about != nil {
		b.WriteString(" (" + strings.Join(about, ", ") + ")")
	}
	return b.String()
}

// Unwrap returns the cause if there was no usable response, for example a context's error
// or a *transport.QueueError; otherwise nil.
func (e *Error) Unwrap() error { return e.cause }

var sentinels = map[int]error{
	http.StatusBadRequest:      ErrBadRequest,
	http.StatusUnauthorized:    ErrUnauthorized,
	http.StatusForbidden:       ErrForbidden,
	http.StatusNotFound:        ErrNotFound,
	http.StatusConflict:        ErrConflict,
	http.StatusTooManyRequests: ErrRateLimited,
}

// Is reports whether the error matches one of this package's Err values.
func (e *Error) Is(target error) bool {
	if target == ErrUploadExpired {
		return e.Status == http.StatusNotFound && e.Type == noDataFound && strings.Contains(strings.ToLower(e.Message), "token")
	}
	return sentinels[e.Status] == target || target == ErrUnauthorized && e.Method == http.MethodPost && grantErrors[e.Type]
}

// noDataFound is the exception type for an upload that the server has removed: an upload
// that is not used expires after a few days. Other missing objects have it, too.
const noDataFound = "Adam.Rest.Common.NoDataFoundException"

// Bounds of what is read of the body of an error response.
const (
	maxErrorBody  = 64 << 10 // bytes
	errorBodyTime = 10 * time.Second
)

// requestIDs are headers in which servers and gateways commonly send a request's id.
// Aprimo's guide documents none.
var requestIDs = []string{"X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Azure-Ref"}

func requestID(header http.Header) string {
	for _, name := range requestIDs {
		if id := header.Get(name); id != "" {
			return clean(id)
		}
	}
	return ""
}

// describe sets the fields from an error response. Its body may be Aprimo's JSON, a
// gateway's page, or empty.
func (e *Error) describe(resp *http.Response) {
	e.Status = resp.StatusCode
	e.RetryAfter = retry.After(resp.Header, time.Now())
	e.RequestID = requestID(resp.Header)
	defer closeAfter(errorBodyTime, resp.Body)()
	e.body, _ = io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // an incomplete body is good enough
	e.Type, e.Message = explain(e.body)
	if e.Message == "" && e.Type == "" && resp.StatusCode/100 == 3 {
		e.Message = notFollowed
	}
}

const notFollowed = "redirect, not followed"

// explain extracts the type and the message from the body of an error response. They are not
// clean.
func explain(data []byte) (kind, message string) {
	var body struct {
		Type        string `json:"exceptionType"`
		Message     string `json:"exceptionMessage"`
		Code        string `json:"error"` // of OAuth (RFC 6749)
		Description string `json:"error_description"`
		Text        string `json:"message"`
	}
	data = bytes.TrimPrefix(data, bom)
	if json.Unmarshal(data, &body) != nil {
		return "", readable(data)
	}
	if kind = cmp.Or(body.Type, body.Code); kind == "" && cmp.Or(body.Message, body.Text) == "" {
		return "", readable(data)
	}
	return kind, cmp.Or(body.Message, body.Description, body.Text)
}

// An UnknownOutcomeError means that a call may have had its effect although it failed: the
// request was sent, but its answer was lost. Do not just repeat the call; Error says what to
// do instead. A call that certainly had no effect has another error.
type UnknownOutcomeError struct {
	ID  string // of the object or order, if it is known
	Err error  // why the outcome is unknown

	created bool // it was done, but with what result is unknown
	advice  string
}

// Error returns the reason and what to do.
func (e *UnknownOutcomeError) Error() string {
	if e.advice == "" { // it is not of this package, and Err says what to do
		return e.Err.Error()
	}
	return e.Err.Error() + ": " + e.advice
}

// Unwrap returns the reason, for example an *Error or a context's error.
func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

const (
	lookFirst   = "it is unknown whether this was done: look before you repeat it"
	lookInstead = "this was done, but its result is unknown: look for it instead of repeating it"
)

// outcome returns the error of a call that failed. It is an *UnknownOutcomeError if the call
// may have had its effect, unless repeating it does no harm.
func (k call) outcome(e *Error) error {
	_, repeatable := k.header["Idempotency-Key"]
	if k.method != http.MethodPost && k.method != http.MethodPatch || repeatable || e.Attempt == 0 {
		return e
	}
	switch {
	case e.Status/100 == 2 && !e.page:
		return &UnknownOutcomeError{Err: e, created: true, advice: lookInstead}
	case e.page || e.Status == 0 && !unsent(e) || failing(e.Status):
		return &UnknownOutcomeError{Err: e, advice: lookFirst}
	}
	return e
}

// unsent reports whether an error without a response shows that the last attempt did not
// reach the server. The attempts before it were answered, or it would be another error.
func unsent(err error) bool {
	return !retryable(err) || retry.Unprocessed(err)
}

// retryable returns false for errors that say that they are no failure of the server.
func retryable(err error) bool {
	var verdict interface{ Retryable() bool }
	return !errors.As(err, &verdict) || verdict.Retryable()
}

// failing reports whether a status tells that a server failed, rather than refused.
func failing(status int) bool {
	return status == http.StatusRequestTimeout || status >= 500 && status != http.StatusNotImplemented
}

// passes reports whether a call that failed may succeed later.
func passes(ctx context.Context, err error) bool {
	var e *Error
	if ctx.Err() != nil || !errors.As(err, &e) {
		return false
	}
	for errors.As(e.cause, &e) { // a call fails with the error of its token
	}
	switch {
	case e.Status != 0:
		return failing(e.Status) || e.Status == http.StatusTooManyRequests || errors.As(e.cause, new(brokenBody)) || errors.Is(e.cause, errNothing)
	case errors.Is(e, transport.ErrQueueFull) || errors.Is(e, errSilent):
		return true
	case !retryable(e):
		return false
	}
	again, _ := retryablehttp.DefaultRetryPolicy(ctx, nil, &url.Error{Op: e.Method, Err: e.cause})
	return again
}
