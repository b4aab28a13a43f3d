package retry

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/oauth2"
)

// permanent reports whether an error is the same at the next attempt, for all that
// go-retryablehttp does not know of. That knows schemes, headers and redirects.
func permanent(err error) bool {
	var (
		dns     *net.DNSError
		address *net.AddrError
		record  tls.RecordHeaderError
		alert   tls.AlertError // of QUIC
		op      *net.OpError
		cert    *tls.CertificateVerificationError
		refused *oauth2.RetrieveError
	)
	switch {
	case errors.As(err, &dns):
		return dns.IsNotFound && !dns.IsTemporary
	case errors.As(err, &address), errors.As(err, &record), errors.As(err, &cert), errors.Is(err, http.ErrSchemeMismatch), forbidden(err):
		return true
	case errors.As(err, &refused):
		return tokenRefused(refused)
	case errors.As(err, &alert):
		return !slices.Contains(passingAlerts, alert)
	case errors.As(err, &op) && op.Op == "remote error": // an alert over TCP, whose type is not exported
		return !slices.ContainsFunc(passingAlerts, func(a tls.AlertError) bool { return a.Error() == op.Err.Error() })
	}
	return permanentText(err)
}

// forbidden reports whether this machine refuses to connect, or does not know the kind of address.
// EPERM may pass: Linux also returns it while the firewall's table of connections is full.
func forbidden(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// passingAlerts are those of TLS that do not refuse what we are: bad_record_mac,
// internal_error, user_canceled (RFC 8446, section 6).
var passingAlerts = []tls.AlertError{20, 80, 90}

// lastingStatus are those of failures that say that the server cannot do what is asked for.
// go-retryablehttp knows 501.
var lastingStatus = []int{
	http.StatusHTTPVersionNotSupported, http.StatusVariantAlsoNegotiates, http.StatusLoopDetected,
	http.StatusNotExtended, http.StatusNetworkAuthenticationRequired,
}

// tokenRefused reports whether an authorization server has refused a grant: it is the same
// for each attempt, and repeating it can lock an account.
func tokenRefused(e *oauth2.RetrieveError) bool {
	switch {
	case e.ErrorCode != "":
		return e.ErrorCode != "temporarily_unavailable" && e.ErrorCode != "server_error"
	case e.Response == nil:
		return false
	}
	return refusal(e.Response.StatusCode)
}

// refusal reports whether a status says that the request itself is wrong.
func refusal(status int) bool {
	return status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// permanentText knows the errors of net/http that have no type.
func permanentText(err error) bool {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	text := err.Error()
	for _, part := range []string{
		"no Host in request URL", "nil Request.", "ContentLength=", "invalid trailer", "header list larger than", "response headers exceeded",
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	// If a proxy refuses CONNECT, net/http returns an error with only the text of the status.
	for status := 400; status < 500; status++ {
		if text == http.StatusText(status) {
			return refusal(status)
		}
	}
	return false
}
