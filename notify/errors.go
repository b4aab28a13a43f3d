package notify

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
)

// permanent is an error that would come again.
type permanent struct{ error }

func (p permanent) Unwrap() []error { return []error{p.error, ErrPermanent} }

// A partial is the error of a mail that some of its recipients got. Who does not
// know how to go on with the others must not send it again.
type partial struct {
	never error    // of those that never will
	later error    // of those that the server put off
	left  []string // whose addresses these are
}

func (p *partial) Error() string {
	return "the mail was sent to the others, but " + errors.Join(p.never, p.later).Error()
}

func (p *partial) Unwrap() []error { return []error{errors.Join(p.never, p.later), ErrPermanent} }

// answer explains the server's refusal: what says in our words what went wrong
// and what to change. Status codes of 500 and above are for ever (RFC 5321,
// 4.2.1).
func answer(what string, err error) error {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return fmt.Errorf("%s: %w", what, err)
	}
	// The server's words go into logs: they are text from outside.
	err = fmt.Errorf("%s: it answered %d %s", what, reply.Code, clean(reply.Msg, 300))
	if reply.Code >= 500 {
		return permanent{err}
	}
	return err
}

// tlsError explains why TLS could not begin.
func tlsError(err error) error {
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) {
		return permanent{fmt.Errorf("the server's certificate is not trusted; "+
			"if it is your own, give its authority in TLSConfig.RootCAs, and see that Addr has the name in it: %w", err)}
	}
	if errors.As(err, new(tls.RecordHeaderError)) {
		return permanent{fmt.Errorf("the server does not speak TLS on this port; "+
			"ImplicitTLS is for port 465, STARTTLS for 587: %w", err)}
	}
	return answer("TLS could not begin", err)
}

// hide removes secrets from the server's reply to a login: some servers repeat
// what they did not understand, in clear or in base64.
func hide(err error, secrets ...string) error {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return err
	}
	text := reply.Msg
	for _, s := range secrets {
		if s == "" {
			continue
		}
		text = strings.ReplaceAll(text, base64.StdEncoding.EncodeToString([]byte(s)), "***")
		text = strings.ReplaceAll(text, s, "***")
	}
	return &textproto.Error{Code: reply.Code, Msg: text}
}
