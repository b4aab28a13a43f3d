package auditlog

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// writeTimeout is how long requests wait for a slow writer, all together: more than
	// the milliseconds that a line takes on a busy machine, and too short to be noticed.
	writeTimeout = 100 * time.Millisecond

	// lateTimeout is how long each request waits from then on, until a line takes no
	// longer than that. A line takes some microseconds with a file.
	lateTimeout = 500 * time.Microsecond

	// maxPending bounds the lines that wait for a slow writer. It is more than a flood
	// causes in a minute. While the writer is fast there is no bound: each line has a
	// request that waits for it.
	maxPending = 256
)

// An asyncWriter writes lines one after the other, so any io.Writer can be the log. put
// returns when the line is written, unless the writer is slow or hangs. There is a goroutine
// that writes only while lines are pending. The zero value is ready to use.
type asyncWriter struct {
	mu       sync.Mutex
	queue    []pendingLine
	pending  int           // slots in use: for lines in queue, the one being written, and those to come
	writing  bool          // a goroutine writes
	slow     bool          // a request has waited in vain since the last time that all was written
	deadline time.Time     // of writeTimeout; zero if the last line was fast
	dropped  int           // lines that found no slot, since a line last said so
	idle     chan struct{} // closed when pending becomes 0; nil if nobody waits for that
}

type pendingLine struct {
	line    *zerolog.Event
	message string
	written chan struct{}
}

// reserve reserves a slot for a line. It returns false if too many lines are pending,
// unless the line must be written.
func (w *asyncWriter) reserve(must bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.slow && w.pending >= maxPending && !must {
		return false
	}
	w.pending++
	return true
}

// release frees a slot.
func (w *asyncWriter) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pending--; w.pending > 0 {
		return
	}
	w.slow = false
	if w.idle != nil {
		close(w.idle)
		w.idle = nil
	}
}

// offer writes a line if there is a slot for it, and counts it as dropped otherwise.
func (w *asyncWriter) offer(line *zerolog.Event, message string) {
	switch {
	case line == nil: // zerolog: the level is disabled
	case w.reserve(false):
		w.put(line, message)
	default:
		w.mu.Lock()
		defer w.mu.Unlock()
		w.dropped++
	}
}

// put writes a line that has a slot.
func (w *asyncWriter) put(line *zerolog.Event, message string) {
	if line == nil { // zerolog: the level is disabled
		w.release()
		return
	}
	p := pendingLine{line, message, make(chan struct{})}
	began := time.Now()
	w.mu.Lock()
	w.queue = append(w.queue, p)
	if !w.writing {
		w.writing = true
		go w.run()
	}
	if w.deadline.IsZero() {
		w.deadline = began.Add(writeTimeout)
	}
	slow, timeout := w.slow, max(lateTimeout, w.deadline.Sub(began))
	w.mu.Unlock()
	if slow {
		return
	}
	select {
	case <-p.written:
		if time.Since(began) <= lateTimeout {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.deadline = time.Time{}
		}
	case <-time.After(timeout):
		w.mu.Lock()
		defer w.mu.Unlock()
		w.slow = w.writing
	}
}

// run writes one line, and the next one in another goroutine. So the log survives a writer
// that panics, or that ends the goroutine as a test's FailNow does.
func (w *asyncWriter) run() {
	p, ok := w.next()
	if !ok {
		return
	}
	defer func() {
		_ = recover()
		close(p.written)
		w.release()
		go w.run()
	}()
	p.line.Msg(p.message)
}

// next returns the next line to write, if there is one.
func (w *asyncWriter) next() (p pendingLine, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.writing, w.slow, w.queue = false, false, nil
		return p, false
	}
	p, w.queue = w.queue[0], w.queue[1:]
	if w.dropped > 0 {
		p.line.Int("aprimo.log.dropped", w.dropped)
		w.dropped = 0
	}
	return p, true
}

// wait returns when no line is pending, or with an error when ctx ends.
func (w *asyncWriter) wait(ctx context.Context) error {
	w.mu.Lock()
	if w.pending == 0 {
		w.mu.Unlock()
		return nil
	}
	if w.idle == nil {
		w.idle = make(chan struct{})
	}
	idle := w.idle
	w.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		return fmt.Errorf("transport: shutdown: %d log lines unwritten, because the log's writer is too slow: %w", w.pending, ctx.Err())
	}
}
