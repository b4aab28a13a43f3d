package main

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"

	"github.com/aprimo-go/aprimo/transport"
)

// failed answers a request that Aprimo has not answered.
func failed(w http.ResponseWriter, r *http.Request, err error) {
	var body *bodyError
	var queue *transport.QueueError
	var network net.Error
	switch {
	case errors.As(err, &body) && errors.Is(err, os.ErrDeadlineExceeded):
		http.Error(w, "the body came too slowly", http.StatusRequestTimeout)
	case errors.As(err, &body):
		http.Error(w, "the body is incomplete", http.StatusBadRequest)
	case r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // the program has disconnected; half of it may still read
	case errors.As(err, &queue):
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(queue.Wait.Seconds())))))
		http.Error(w, "too many requests are queued for Aprimo: try again later", http.StatusServiceUnavailable)
	case errors.As(err, &network) && network.Timeout():
		http.Error(w, "Aprimo did not answer in time", http.StatusGatewayTimeout)
	default:
		http.Error(w, "Aprimo cannot be reached", http.StatusBadGateway)
	}
}

// logFailures returns an Observer that logs calls without an answer, at most ten in a second.
// Events have no secrets.
func logFailures() transport.Observer {
	logger := log.Sample(&zerolog.BurstSampler{Burst: 10, Period: time.Second})
	return func(ctx context.Context, e transport.Event) {
		if e.Kind == transport.Done && e.Err != nil && ctx.Err() == nil {
			logger.Warn().Err(e.Err).Str("user.name", e.User).Str("http.request.method", e.Method).Str("url.full", e.URL).Msg("proxy: not forwarded")
		}
	}
}
