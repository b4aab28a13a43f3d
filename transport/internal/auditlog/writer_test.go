package auditlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

// A testLog takes so long for a line, or does what a test says instead. Only one line is
// written at a time.
type testLog struct {
	takes   time.Duration
	instead func()
	text    bytes.Buffer
}

func (l *testLog) Write(line []byte) (int, error) {
	if f := l.instead; f != nil {
		l.instead = nil
		f()
	}
	time.Sleep(l.takes)
	return l.text.Write(line)
}

func (l *testLog) lines() int { return strings.Count(l.text.String(), "\n") }

// put writes a line and returns how long that took.
func (l *testLog) put(w *asyncWriter) time.Duration {
	began := time.Now()
	logger := zerolog.New(l)
	w.offer(logger.Info(), "a line")
	return time.Since(began)
}

func wait(t *testing.T, w *asyncWriter) {
	t.Helper()
	if err := w.wait(t.Context()); err != nil {
		t.Errorf("got %v, want all lines written", err)
	}
}

// A fast log is always waited for. A slow one costs writeTimeout once, then nothing, and is
// waited for again when it is fast again.
func TestHowLongALineIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w asyncWriter
		var log testLog
		check := func(what string, want time.Duration) {
			t.Helper()
			if got := log.put(&w); got != want {
				t.Errorf("%s: waited for %v, want %v", what, got, want)
			}
		}
		log.takes = 90 * time.Millisecond
		check("slow", 90*time.Millisecond)
		check("slow again", 10*time.Millisecond)
		check("while that is written", 0)
		wait(t, &w)
		check("still slow", 500*time.Microsecond)
		wait(t, &w)
		log.takes = 250 * time.Microsecond
		check("fast again", 250*time.Microsecond)
		log.takes = 500 * time.Microsecond
		check("just fast enough", 500*time.Microsecond)
		log.takes = 90 * time.Millisecond
		check("slow after being fast", 90*time.Millisecond)
		log.takes = 8 * time.Millisecond
		check("almost too late", 8*time.Millisecond)
		log.takes = 8 * time.Millisecond
		check("too late", 2*time.Millisecond)
		wait(t, &w)
		if log.lines() != 9 {
			t.Errorf("got %d lines, want 9", log.lines())
		}
	})
}

// While the log hangs, maxPending lines wait for it. The next line that is written says how
// many were dropped. What must be written has a slot in any case.
func TestPendingLinesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w asyncWriter
		hang := make(chan struct{})
		log := testLog{instead: func() { <-hang }}
		for range 256 + 10 {
			log.put(&w)
		}
		if w.reserve(false) {
			t.Error("got a slot, want none")
		}
		if !w.reserve(true) {
			t.Error("got no slot for a line that must be written")
		}
		w.release()
		close(hang)
		wait(t, &w)
		log.put(&w)
		if got := log.text.String(); log.lines() != 257 || strings.Count(got, `"aprimo.log.dropped":`) != 1 || !strings.Contains(got, `"aprimo.log.dropped":10,`) {
			t.Errorf("got %d lines, want 257, of which one says that 10 were dropped:\n%.200s", log.lines(), got)
		}
	})
}

// A single line that was dropped is told, once.
func TestOneDroppedLineIsTold(t *testing.T) {
	w := asyncWriter{slow: true, pending: maxPending}
	logger := zerolog.New(io.Discard)
	w.offer(logger.Info(), "has no slot")
	w.slow, w.pending = false, 0
	var log testLog
	for range 2 {
		log.put(&w)
	}
	if got, want := log.text.String(), `{"level":"info","aprimo.log.dropped":1,"message":"a line"}`+"\n"+`{"level":"info","message":"a line"}`+"\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// Once all lines are written the writer is not slow: the next line is waited for.
func TestTheLastSlotEndsTheSlowness(t *testing.T) {
	w := asyncWriter{slow: true, pending: 2}
	for _, want := range []bool{true, false} {
		if w.release(); w.slow != want {
			t.Errorf("got slow %v with %d lines pending, want %v", w.slow, w.pending, want)
		}
	}
}

// As long as the log is fast, each line has its slot, however many come at once.
func TestAFastLogDropsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w asyncWriter
		var log testLog
		for range 10 * maxPending {
			go log.put(&w)
		}
		synctest.Wait()
		wait(t, &w)
		if log.lines() != 10*maxPending {
			t.Errorf("got %d lines, want %d", log.lines(), 10*maxPending)
		}
	})
}

// A line of a disabled level takes no slot and counts as nothing.
func TestADisabledLineIsNothing(t *testing.T) {
	var w asyncWriter
	logger := zerolog.Nop()
	w.offer(logger.Info(), "")
	w.reserve(false)
	w.put(logger.Info(), "")
	if w.pending != 0 || w.dropped != 0 || w.writing {
		t.Errorf("got %d pending, %d dropped, writing %v; want nothing", w.pending, w.dropped, w.writing)
	}
}

// A log that panics or ends the goroutine loses its line, not the ones after it.
func TestALogThatDoesNotReturn(t *testing.T) {
	for name, instead := range map[string]func(){"panics": func() { panic("a log") }, "exits": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var w asyncWriter
				log := testLog{instead: instead}
				for range 3 {
					if took := log.put(&w); took != 0 {
						t.Errorf("waited for %v, want no wait", took)
					}
				}
				wait(t, &w)
				if log.lines() != 2 {
					t.Errorf("got %d lines, want 2", log.lines())
				}
			})
		})
	}
}

// wait also waits for a line that only has its slot; its error says what is missing.
func TestWaitForReservedLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w asyncWriter
		wait(t, &w)
		w.reserve(false)
		w.reserve(false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(fmt.Sprint(err), "2 log lines unwritten") {
			t.Errorf("got %v, want an error that says that 2 lines are unwritten", err)
		}
		time.AfterFunc(time.Second, w.release)
		time.AfterFunc(2*time.Second, w.release)
		began := time.Now()
		wait(t, &w)
		if got := time.Since(began); got != 2*time.Second {
			t.Errorf("waited for %v, want 2s", got)
		}
	})
}

// A sampler of zerolog's is the program's, too.
type badSampler struct {
	end  func()
	asks *int
	good int // first so many lines
}

func (s badSampler) Sample(zerolog.Level) bool {
	if *s.asks++; *s.asks > s.good {
		s.end()
	}
	return true
}

// A sampler that panics, or ends its goroutine, costs its line: no slot is kept, on which Shutdown
// would wait, and the summary, on a goroutine of ours, does not end the process.
func TestASamplerThatDoesNotReturnKeepsNothing(t *testing.T) {
	for name, end := range map[string]func(){"panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		for _, good := range []int{0, 3, 20} {
			synctest.Test(t, func(t *testing.T) {
				asks := 0
				l := New(zerolog.New(io.Discard).Sample(badSampler{end, &asks, good}), false)
				for range 40 {
					done := make(chan struct{})
					go func() {
						defer close(done)
						defer func() { _ = recover() }()
						l.Throttled(t.Context(), Entry{Time: time.Now(), Again: true})
					}()
					<-done
				}
				time.Sleep(2 * interval)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if err := l.Flush(ctx); err != nil || asks <= good {
					t.Errorf("%s after %d lines: got %v after %d lines, want nil after more", name, good, err, asks)
				}
			})
		}
	}
}
