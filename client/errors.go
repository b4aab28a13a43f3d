package client

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aprimo-go/aprimo/retry"
)

// What [errors.Is] finds in an [*Error].
var (
	ErrBadRequest    = errors.New("aprimo: bad request")                 // 400
	ErrUnauthorized  = errors.New("aprimo: unauthorized")                // 401, or no token was given
	ErrForbidden     = errors.New("aprimo: forbidden")                   // 403
	ErrNotFound      = errors.New("aprimo: not found")                   // 404
	ErrConflict      = errors.New("aprimo: conflict")                    // 409, such as a locked file
	ErrRateLimited   = errors.New("aprimo: rate limited")                // 429, after all attempts
	ErrUploadExpired = errors.New("aprimo: the upload has been removed") // 404 for the token of an upload
)

// An Error is why a call failed. Its text may be logged: it has no token, no
// query and no signature.
type Error struct {
	Status  int    // HTTP's; 0 if there was no answer
	Type    string // Aprimo's exception, or OAuth's error code, if it said one
	Message string // Aprimo's, or what went wrong; shortened, on one line

	Method string
	Path   string // without the query
	User   string // as transport.ContextWithUser or the token names it

	// Attempt is how often the request was sent, 0 if never.
	Attempt int

	RequestID  string        // the server's, if it gave one
	RetryAfter time.Duration // what the server asked for; 0 if it did not

	cause error
}

// Error says all that is known, on one line.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "aprimo: %s %s: ", e.Method, e.Path)
	var said []string
	if e.Status != 0 {
		said = append(said, strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))))
	}
	for _, text := range []string{e.Type, e.Message} {
		if text != "" {
			said = append(said, text)
		}
	}
	b.WriteString(strings.Join(said, ": "))
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

// Unwrap returns why there was no answer, such as a context's error or a
// *transport.QueueError, or nil.
func (e *Error) Unwrap() error { return e.cause }

var sentinels = map[int]error{
	http.StatusBadRequest:      ErrBadRequest,
	http.StatusUnauthorized:    ErrUnauthorized,
	http.StatusForbidden:       ErrForbidden,
	http.StatusNotFound:        ErrNotFound,
	http.StatusConflict:        ErrConflict,
	http.StatusTooManyRequests: ErrRateLimited,
}

// Is reports whether the error is one of the package's.
func (e *Error) Is(target error) bool {
	if target == ErrUploadExpired {
		return e.Status == http.StatusNotFound && e.Type == noDataFound && strings.Contains(strings.ToLower(e.Message), "token")
	}
	return sentinels[e.Status] == target || target == ErrUnauthorized && e.Method == http.MethodPost && grantErrors[e.Type]
}

// noDataFound is the exception for an upload that was never used and is removed
// after a few days, too.
const noDataFound = "Adam.Rest.Common.NoDataFoundException"

const maxErrorBody = 64 << 10

// requestIDs are headers in which servers and gateways name a request. Aprimo's
// guide has none.
var requestIDs = []string{"X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Azure-Ref"}

// describe reads an answer that is an error, which may be anything: Aprimo's JSON,
// a gateway's page, or nothing.
func (e *Error) describe(resp *http.Response) {
	e.Status = resp.StatusCode
	e.RetryAfter = retry.After(resp.Header, time.Now())
	for _, name := range requestIDs {
		if id := resp.Header.Get(name); id != "" {
			e.RequestID = clean(id)
			break
		}
	}
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what came before it broke off is enough
	e.Type, e.Message = explain(data)
	if e.Message == "" && e.Type == "" && resp.StatusCode/100 == 3 {
		e.Message = "a redirect, which is not followed"
	}
}

// explain returns what the body of an error says.
func explain(data []byte) (kind, message string) {
	var said struct {
		Type        string `json:"exceptionType"`
		Message     string `json:"exceptionMessage"`
		Code        string `json:"error"` // of OAuth (RFC 6749)
		Description string `json:"error_description"`
		Text        string `json:"message"`
	}
	if json.Unmarshal(data, &said) != nil {
		return "", excerpt(data)
	}
	if kind = cmp.Or(said.Type, said.Code); kind == "" && cmp.Or(said.Message, said.Text) == "" {
		return "", excerpt(data)
	}
	return kind, cmp.Or(said.Message, said.Description, said.Text)
}

const (
	redacted   = "REDACTED"
	maxExcerpt = 300 // of a text from outside, in bytes
)

// secrets are what must not get from a server's text into an error: queries of
// URLs, which sign (SAS) or name people, bearer tokens, JSON Web Tokens, and what
// is called a token or a password.
var secrets = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?i)(https?://[^\s"'<>?]*)\?[^\s"'<>]*`), "${1}?" + redacted},
	{regexp.MustCompile(`(?i)\b(bearer|basic)(\s+)[^\s"'<>,;]+`), "${1}${2}" + redacted},
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]*)*`), redacted},
	{regexp.MustCompile(`(?i)\b(sig|[a-z_]*token|[a-z_]*secret|password|code|code_verifier)(["']?\s*[=:]\s*["']?)[^\s"'&<>,;}]+`), "${1}${2}" + redacted},
	{uploadToken, "${1}" + redacted},
}

var uploadToken = regexp.MustCompile(`(?i)(/uploads/+segments/+)[^/\s?"'<>]+`)

// withoutTokens returns a path that may be written down.
func withoutTokens(path string) string {
	return uploadToken.ReplaceAllString(path, "${1}"+redacted)
}

// hide replaces a secret that is known.
func hide(text, secret string) string {
	if secret == "" {
		return text
	}
	return strings.ReplaceAll(text, secret, redacted)
}

// clean makes a text from outside harmless for logs and terminals: without
// secrets, on one line, printable, and short.
func clean(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	for _, secret := range secrets {
		text = secret.what.ReplaceAllString(text, secret.with)
	}
	text = strings.Join(strings.Fields(text), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return utf8.RuneError
	}, text)
	if len(text) <= maxExcerpt {
		return text
	}
	cut := maxExcerpt
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "..."
}

var (
	unseen = regexp.MustCompile(`(?is)<(script|style|head)\b.*?</(script|style|head)>`)
	title  = regexp.MustCompile(`(?is)<title>(.*?)</title>`)
	tag    = regexp.MustCompile(`(?s)<[^>]*>`)
)

// excerpt returns what a person reads of a body, of an HTML page its title.
func excerpt(data []byte) string {
	text := string(data[:min(len(data), maxErrorBody)])
	if found := title.FindStringSubmatch(text); found != nil {
		text = found[1]
	} else if strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = tag.ReplaceAllString(unseen.ReplaceAllString(text, " "), " ")
	}
	return clean(text)
}
