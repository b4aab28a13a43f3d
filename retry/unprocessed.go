package retry

import (
	"errors"
	"net"
	"strings"
)

// Unprocessed reports whether an error shows that the server has not processed the request:
// there was no connection to it, or it refused the request's HTTP/2 stream. Such a request can
// be sent again whatever its method, as RFC 9110 §9.2.2 and RFC 9113 §8.7 say.
func Unprocessed(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err != nil && refusedStream(err.Error())
}

// refusedStream knows the errors of net/http for a stream that the server has not processed.
// They have no type. net/http repeats such a request itself, seven times at most: a server that
// ends each connection after a few requests can refuse one more often.
func refusedStream(text string) bool {
	return strings.HasPrefix(text, "http2: Transport received Server's graceful shutdown GOAWAY") ||
		strings.HasPrefix(text, "http2: Transport received GOAWAY from server ErrCode:") ||
		strings.HasPrefix(text, "http2: client conn not usable") ||
		strings.HasPrefix(text, "stream error: ") && strings.Contains(text, "REFUSED_STREAM")
}
