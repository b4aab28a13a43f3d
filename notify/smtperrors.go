package notify

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
)

// answer explains the server's refusal: what says what went wrong and what to change.
// Status codes of 500 and above are permanent (RFC 5321, 4.2.1). All texts from the server
// pass here before they get into logs.
func (s *session) answer(what string, err error) error {
	var reply *textproto.Error
	var garbled textproto.ProtocolError
	switch {
	case errors.As(err, &reply):
		err = fmt.Errorf("%s: it answered %d %s", what, reply.Code, s.words(reply.Msg))
		if reply.Code >= 500 {
			return permanentError{err}
		}
		return err
	case errors.As(err, &garbled):
		return fmt.Errorf("%s: its answer is not SMTP: %s", what, s.words(string(garbled)))
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: it closed the connection without an answer: %w", what, io.EOF)
	}
	return fmt.Errorf("%s: %w", what, quote(err, s.hide))
}

// wants says what else may be wrong if the server refuses an address.
func (s *session) wants() (hint string) {
	if s.Username == "" {
		hint = ", or Username if it wants a login"
	}
	if _, ok := s.offers["STARTTLS"]; ok && s.InsecureNoTLS {
		hint += ", or InsecureNoTLS if it wants TLS"
	}
	return hint
}

// words returns a text of the server, fit to be shown.
func (s *session) words(text string) string {
	return clean(strings.Join(strings.Fields(s.hide.text(text)), " "), 300)
}

// dialError explains why there is no connection.
func (e Email) dialError(err error) error {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("no connection to the mail server: its name does not resolve, check the host in Addr, and DNS: %w", err)
	case isTimeout(err):
		return fmt.Errorf("no connection to the mail server: no answer, check host and port in Addr, "+
			"and whether a firewall blocks it: %w", err)
	}
	return fmt.Errorf("no connection to the mail server, check host and port in Addr (587 with STARTTLS, "+
		"465 with ImplicitTLS), and the firewall: %w", err)
}

// greetError explains why there is no greeting.
func (s *session) greetError(err error) error {
	if errors.As(err, new(*textproto.Error)) {
		return s.answer("the server accepts no connection from here, check Addr, or ask its administrator", err)
	}
	what := "the server sends no SMTP greeting, " + s.portAdvice()
	if isTimeout(err) {
		return fmt.Errorf("%s: it sent nothing for %v: %w", what, greetWithin, quote(err, s.hide))
	}
	return s.answer(what, err)
}

// portAdvice asks for the port if there was no SMTP greeting.
func (e Email) portAdvice() string {
	ask := "is " + e.Addr + " an SMTP port?"
	if e.implicitTLS() {
		return ask + " TLS from the start is usually on port 465; without ImplicitTLS, STARTTLS is on 587"
	}
	return ask + " If it expects TLS from the start, set ImplicitTLS (usually port 465); STARTTLS is usually on 587"
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// tlsError explains why TLS could not start.
func (s *session) tlsError(err error) error {
	var date x509.CertificateInvalidError
	var what string
	switch {
	case errors.As(err, new(x509.HostnameError)):
		what = "the server's certificate is for another name: use one of its names in Addr, or set TLSConfig.ServerName"
	case errors.As(err, &date) && date.Reason == x509.Expired:
		what = "the server's certificate is not valid now: check this machine's clock, or ask the server's administrator"
	case errors.As(err, new(*tls.CertificateVerificationError)):
		what = "the server's certificate is not trusted: if it is your own, add its authority to TLSConfig.RootCAs"
	case errors.As(err, new(tls.RecordHeaderError)):
		what = "the server does not speak TLS on this port: ImplicitTLS is for port 465, STARTTLS for 587"
	case s.text == nil: // TLS from the start
		return s.greetError(err)
	default:
		return s.answer("TLS could not start, check TLSConfig", err)
	}
	return permanentError{fmt.Errorf("%s: %w", what, quote(err, s.hide))} // it has names from the certificate
}
