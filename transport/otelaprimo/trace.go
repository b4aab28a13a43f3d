package otelaprimo

import (
	"context"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/measure"
)

// The attributes of the span of a wait.
const (
	waitReason = attribute.Key("aprimo.rate_limit.wait.reason")
	resend     = attribute.Key("http.request.resend_count")
)

// Trace creates spans for the calls of a Transport from now on, with a TracerProvider; nil means
// the global one, which may be set later. The parent is the span in the call's context. Each wait
// of a call has a span "wait" of kind internal with its reason, and each attempt one of kind
// client by OpenTelemetry's conventions for HTTP. They follow one another and add up to the
// call's duration. A call whose context has no sampled span gets no spans: start a span around
// your work. Call Trace once for each Transport.
//
// A span is created when it is over, with its start and end times. Nothing of the trace is
// sent to Aprimo.
func Trace(t *transport.Transport, tp trace.TracerProvider) {
	if tp == nil {
		tp = otel.GetTracerProvider()
	}
	tracer := tp.Tracer(scope, trace.WithInstrumentationVersion(transport.Version()))
	t.Observe(func(ctx context.Context, e transport.Event) { observe(ctx, tracer, e) })
}

// observe makes the spans of an attempt that has ended, or of the wait that a call has ended
// in.
func observe(ctx context.Context, tracer trace.Tracer, e transport.Event) {
	switch e.Kind {
	case transport.RateLimited, transport.Retrying, transport.Done:
	default:
		return
	}
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return
	}
	switch {
	case e.Since.IsZero(), e.Kind == transport.Done && e.Reported && !e.Began.IsZero(): // nothing since the last event
	case e.Began.IsZero():
		wait(ctx, tracer, e, e.Time)
	default:
		wait(ctx, tracer, e, e.Began)
		attempt(ctx, tracer, e)
	}
}

// attempt makes the span of one.
func attempt(ctx context.Context, tracer trace.Tracer, e transport.Event) {
	method, status, server, kind := measure.Attempt(e)
	name := method
	if method == measure.Unknown {
		name = "HTTP"
	}
	_, span := tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(e.Began), trace.WithAttributes(
		attribute.String(measure.Method, method), attribute.String(measure.Server, server),
		attribute.Int("server.port", portOf(e.URL)), attribute.String("url.full", e.URL)))
	if method == measure.Unknown {
		span.SetAttributes(attribute.String("http.request.method_original", e.Method))
	}
	if e.Attempt > 1 {
		span.SetAttributes(resend.Int(e.Attempt - 1))
	}
	if status != "" {
		span.SetAttributes(attribute.Int(measure.Status, e.Status))
	}
	if kind != "" {
		span.SetAttributes(attribute.String(measure.ErrorType, kind))
		text := ""
		if e.Err != nil {
			text = e.Err.Error()
		}
		span.SetStatus(codes.Error, text)
	}
	span.End(trace.WithTimestamp(e.Ended))
}

// wait makes the span of one.
func wait(ctx context.Context, tracer trace.Tracer, e transport.Event, end time.Time) {
	if !end.After(e.Since) {
		return
	}
	_, span := tracer.Start(ctx, "wait", trace.WithTimestamp(e.Since))
	span.SetAttributes(waitReason.String(string(e.Reason)), attribute.String(measure.Class, transport.PriorityFromContext(ctx).String()))
	if e.Began.IsZero() && e.Err != nil {
		span.SetStatus(codes.Error, e.Err.Error())
	}
	span.End(trace.WithTimestamp(end))
}

func portOf(url string) int {
	scheme, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	if port, err := strconv.Atoi(host[strings.LastIndexByte(host, ':')+1:]); err == nil {
		return port
	}
	if scheme == "http" {
		return 80
	}
	return 443
}
