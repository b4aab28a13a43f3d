package redislimit

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/aprimo-go/aprimo/transport/internal/auditlog"
)

// A failure is an error of Redis or its client, with a text that may go into a log.
type failure struct {
	text string
	err  error
}

func (f failure) Error() string { return "redislimit: Redis: " + f.text }
func (f failure) Unwrap() error { return f.err }

// A redactor cleans the errors of one client.
type redactor struct{ password string }

// redactorOf knows the client's password, if the client is one of go-redis.
func redactorOf(client redis.UniversalClient) (r redactor) {
	switch c := client.(type) {
	case *redis.Client:
		if c != nil {
			r.password = c.Options().Password
		}
	case *redis.ClusterClient:
		if c != nil {
			r.password = c.Options().Password
		}
	case *redis.Ring:
		if c != nil {
			r.password = c.Options().Password
		}
	}
	return r
}

// maxFailure, in bytes, is how long an error may be of which more than a short text is kept.
const maxFailure = 4096

var userinfo = regexp.MustCompile(`//\S*@`)

// clean returns err without secrets and with a short text.
func (r redactor) clean(err error) error {
	if err == nil || err == context.Canceled || err == context.DeadlineExceeded {
		return err
	}
	long := len(err.Error()) > maxFailure
	err = auditlog.SafeError(err)
	text := err.Error()
	if long {
		err = nil
	}
	if r.password != "" {
		text = strings.ReplaceAll(text, r.password, auditlog.Redacted)
	}
	text = userinfo.ReplaceAllString(text, "//"+auditlog.Redacted+"@")
	return failure{auditlog.Clean(text), err}
}

var errEnded = errors.New("the client's method has ended its goroutine")

// guarded calls the client, and turns a panic into an error.
func guarded[T any](command func() (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the client panicked: %v", p)
		}
	}()
	return command()
}
