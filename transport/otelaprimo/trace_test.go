package otelaprimo_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/retry"
	"github.com/aprimo-go/aprimo/transport"
	"github.com/aprimo-go/aprimo/transport/internal/shared"
	"github.com/aprimo-go/aprimo/transport/otelaprimo"
)

// traced returns a Transport, what its spans are recorded in, and a tracer of the caller's.
func traced(opts ...transport.Option) (*transport.Transport, *tracetest.SpanRecorder, trace.Tracer) {
	spans := tracetest.NewSpanRecorder()
	tp := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))
	tr := transport.New(append(opts, transport.WithLogger(zerolog.Nop()))...)
	otelaprimo.Trace(tr, tp)
	return tr, spans, tp.Tracer("caller")
}

// slow is a limit that is shared, and takes long to give a slot.
type slow struct{ alone }

func (slow) Slot(context.Context) (time.Time, error) {
	time.Sleep(time.Second)
	return time.Now(), nil
}
func (slow) Share() shared.Share {
	return shared.Share{Sharing: transport.SharingAll, Processes: 2, Limit: 15}
}

// answers answers with one status after the other, each after 20 ms.
func answers(statuses ...int) http.RoundTripper {
	var mu sync.Mutex
	n := 0
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		time.Sleep(20 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		n++
		return &http.Response{StatusCode: statuses[min(n, len(statuses))-1], Header: http.Header{"Retry-After": {"3"}}, Body: http.NoBody, Request: req}, nil
	})
}

// What delayed a call is said by the spans of its waits, which with those of its attempts
// add up to its time.
func TestSpansAddUp(t *testing.T) {
	for name, test := range map[string]struct {
		opts   []transport.Option
		before int // calls made just before, at once
		spans  []string
	}{
		"no wait":      {[]transport.Option{transport.WithBase(answers(200))}, 0, []string{"GET 200"}},
		"the limit":    {[]transport.Option{transport.WithBase(answers(200)), transport.WithLimiter(transport.NewLimiter(1, time.Second))}, 1, []string{"wait limit", "GET 200"}},
		"the window":   {[]transport.Option{transport.WithBase(answers(200)), transport.WithWindow(1), transport.WithLimiter(transport.NewLimiter(1000, time.Second))}, 1, []string{"wait window", "GET 200"}},
		"a pause":      {[]transport.Option{transport.WithBase(answers(429, 200))}, 0, []string{"GET 429", "wait pause", "GET 200"}},
		"a retry":      {[]transport.Option{transport.WithBase(answers(503, 200)), transport.WithRetry(retry.Policy{Failures: 1})}, 0, []string{"GET 503", "wait retry", "GET 200"}},
		"a shared one": {[]transport.Option{transport.WithBase(answers(200)), transport.WithLimiter(slow{})}, 0, []string{"wait shared", "GET 200"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spans, tracer := traced(test.opts...)
				var others sync.WaitGroup
				defer others.Wait()
				for range test.before {
					others.Go(func() { get(t, tr, t.Context()) })
					synctest.Wait()
				}
				begin := time.Now()
				ctx, parent := tracer.Start(t.Context(), "caller")
				get(t, tr, ctx)
				parent.End()
				checkSpans(t, spans.Ended(), parent.SpanContext(), begin, time.Now(), test.spans)
			})
		})
	}
}

// A heavy call waits beside the queue while another one is in flight and lighter calls wait.
func TestSpanOfAHeavyCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spans, tracer := traced(transport.WithLimiter(transport.NewLimiter(1, time.Second)),
			transport.WithHeavy(transport.Heavy{Operation: "GET /api/core/records", InFlight: 1}),
			transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
				time.Sleep(20 * time.Second)
				return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
			})))
		var others sync.WaitGroup
		defer others.Wait()
		others.Go(func() { get(t, tr, t.Context()) })
		time.Sleep(time.Millisecond)
		for range 9 {
			others.Go(func() {
				req, _ := http.NewRequest("GET", "https://acme.dam.aprimo.com/api/core/users", nil)
				if resp, err := tr.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			})
		}
		synctest.Wait()
		begin := time.Now()
		ctx, parent := tracer.Start(t.Context(), "caller")
		get(t, tr, ctx)
		checkSpans(t, spans.Ended(), parent.SpanContext(), begin, time.Now(), []string{"wait heavy", "GET 200"})
	})
}

// checkSpans compares the spans below a parent, in order, which must follow one another from
// begin to end.
func checkSpans(t *testing.T, all []sdk.ReadOnlySpan, parent trace.SpanContext, begin, end time.Time, want []string) {
	t.Helper()
	all = slices.DeleteFunc(all, func(s sdk.ReadOnlySpan) bool { return s.Parent().SpanID() != parent.SpanID() })
	slices.SortFunc(all, func(a, b sdk.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	var got []string
	at := begin
	for _, s := range all {
		what := "?"
		for _, a := range s.Attributes() {
			if a.Key == "aprimo.rate_limit.wait.reason" || a.Key == "http.response.status_code" || a.Key == "error.type" && s.SpanKind() == trace.SpanKindClient && what == "?" {
				what = a.Value.String()
			}
		}
		got = append(got, s.Name()+" "+what)
		if !s.StartTime().Equal(at) || s.EndTime().Before(at) {
			t.Errorf("%s lasts from %v to %v, want it to begin at %v", s.Name(), s.StartTime(), s.EndTime(), at)
		}
		at = s.EndTime()
	}
	if !at.Equal(end) || !slices.Equal(got, want) {
		t.Errorf("got %q until %v, want %q until %v", got, at, want, end)
	}
}

// A call that is cancelled while it waits has a span of that wait, also after an attempt.
func TestSpansOfCancelledCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spans, tracer := traced(transport.WithBase(answers(429, 200)))
		ctx, parent := tracer.Start(t.Context(), "caller")
		ctx, cancel := context.WithCancel(ctx)
		begin := time.Now()
		time.AfterFunc(time.Second, cancel)
		req, _ := http.NewRequestWithContext(ctx, "GET", recordsURL, nil)
		if _, err := tr.RoundTrip(req); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want context.Canceled", err)
		}
		checkSpans(t, spans.Ended(), parent.SpanContext(), begin, time.Now(), []string{"GET 429", "wait pause"})
	})
}

// The attributes are those of OpenTelemetry's conventions for HTTP clients.
func TestSpanOfAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spans, tracer := traced(transport.WithBase(answers(429, 200)))
		ctx, _ := tracer.Start(t.Context(), "caller")
		req, _ := http.NewRequestWithContext(ctx, "BREW", "http://acme.dam.aprimo.com:8080/api/core/records?secret=x", nil)
		resp, err := tr.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		for i, want := range map[int]string{
			0: `HTTP client Error [http.request.method=_OTHER server.address=acme.dam.aprimo.com server.port=8080 url.full=http://acme.dam.aprimo.com:8080/api/core/records?secret=REDACTED http.request.method_original=BREW http.response.status_code=429 error.type=429]`,
			1: `wait internal Unset [aprimo.rate_limit.wait.reason=pause aprimo.class=normal]`,
			2: `HTTP client Unset [http.request.method=_OTHER server.address=acme.dam.aprimo.com server.port=8080 url.full=http://acme.dam.aprimo.com:8080/api/core/records?secret=REDACTED http.request.method_original=BREW http.request.resend_count=1 http.response.status_code=200]`,
		} {
			s := spans.Ended()[i]
			var all []string
			for _, a := range s.Attributes() {
				all = append(all, fmt.Sprintf("%s=%s", a.Key, a.Value.String()))
			}
			if got := fmt.Sprintf("%s %s %s %v", s.Name(), s.SpanKind(), s.Status().Code, all); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	})
}

// A histogram's exemplar leads to the trace of the call.
func TestExemplars(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	tr, _, tracer := traced(transport.WithBase(new(aprimotest.Tenant).Transport()))
	if _, err := otelaprimo.Instrument(tr, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))); err != nil {
		t.Fatal(err)
	}
	ctx, parent := tracer.Start(t.Context(), "caller")
	get(t, tr, ctx)
	id := parent.SpanContext().TraceID()
	found := 0
	for _, m := range collect(t, reader) {
		if h, ok := m.Data.(metricdata.Histogram[float64]); ok {
			for _, e := range h.DataPoints[0].Exemplars {
				if slices.Equal(e.TraceID, id[:]) {
					found++
				}
			}
		}
	}
	if found != 2 {
		t.Errorf("got %d exemplars of the call, want 2: of its duration and of its wait", found)
	}
}

// inSpan returns a context with a span.
func inSpan(tp trace.TracerProvider) context.Context {
	ctx, _ := tp.Tracer("caller").Start(context.Background(), "caller")
	return ctx
}

// What is not sampled costs a call at most five allocations and a microsecond.
func TestUnsampledCallsCostLittle(t *testing.T) {
	tp := sdk.NewTracerProvider(sdk.WithSampler(sdk.NeverSample()))
	plain, with := bare(nil), bare(tp)
	for name, ctx := range map[string]context.Context{"not sampled": inSpan(tp), "no span": t.Context()} {
		cost := func(tr http.RoundTripper) float64 { return testing.AllocsPerRun(200, func() { call(tr, ctx) }) }
		if more := cost(with) - cost(plain); more > 5 {
			t.Errorf("%s: a call has %v allocations more, want at most 5", name, more)
		}
	}
}

// bare returns a Transport without a limit that counts, traced unless tp is nil.
func bare(tp trace.TracerProvider) *transport.Transport {
	tr := transport.New(transport.WithBase(roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
	})), transport.WithLogger(zerolog.Nop()), transport.WithLimiter(transport.NewLimiter(1<<20, time.Millisecond)),
		transport.WithObserver(func(context.Context, transport.Event) {}))
	if tp != nil {
		otelaprimo.Trace(tr, tp)
	}
	return tr
}

func call(tr http.RoundTripper, ctx context.Context) {
	req, _ := http.NewRequestWithContext(ctx, "GET", recordsURL, nil)
	if resp, err := tr.RoundTrip(req); err == nil {
		resp.Body.Close()
	}
}

func BenchmarkTrace(b *testing.B) {
	never := sdk.NewTracerProvider(sdk.WithSampler(sdk.NeverSample()))
	for name, tp := range map[string]trace.TracerProvider{"off": nil, "unsampled": never, "sampled": sdk.NewTracerProvider()} {
		b.Run(name, func(b *testing.B) {
			tr, ctx := bare(tp), context.Background()
			if tp != nil {
				ctx = inSpan(tp)
			}
			b.ReportAllocs()
			for b.Loop() {
				call(tr, ctx)
			}
		})
	}
}
