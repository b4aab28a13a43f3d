package transport

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// patience is how long requests wait for their lines to be written. That takes
	// some microseconds, where the machine is very busy some milliseconds. A writer
	// that takes longer is waited for so long once, by all together, and then each
	// waits for impatience, until a line takes no longer than that.
	patience   = 100 * time.Millisecond
	impatience = 500 * time.Microsecond

	// maxUnwritten lines wait for a writer that is slow; a minute of a flood is
	// less. More are dropped, and counted. If it is not slow, each of the lines has
	// a request that waits for it, and there may be as many.
	maxUnwritten = 256
)

// A scribe writes lines one after the other, so that any io.Writer will do, a
// bytes.Buffer too. A request finds its line written when it goes on, unless the
// writer is slow or hangs: then it goes on without. What writes is a goroutine, which
// lives as long as there is something to write. The zero value is ready to use.
type scribe struct {
	mu      sync.Mutex
	lines   []unwritten
	places  int           // taken, by lines and by those that are to come
	writing bool          // the goroutine is there
	slow    bool          // somebody has waited in vain since it began
	until   time.Time     // when patience ends; zero if the last line was fast
	dropped int           // lines that found no place, since the log last said so
	idle    chan struct{} // closed when the goroutine ends; nil if nobody listens
}

type unwritten struct {
	line    *zerolog.Event
	message string
	done    chan struct{}
}

// reserve takes a place for a line, if there is one.
func (s *scribe) reserve() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full() {
		return false
	}
	s.places++
	return true
}

// full tells whether there is no place. The lock is held.
func (s *scribe) full() bool { return s.slow && s.places >= maxUnwritten }

// busy tells whether lines must be dropped now.
func (s *scribe) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.full()
}

// insist takes a place for a line that must not be missing.
func (s *scribe) insist() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places++
}

// release gives it back.
func (s *scribe) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places--
}

// drop counts a line for which there is no place.
func (s *scribe) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped++
}

// put writes a line that has a place.
func (s *scribe) put(line *zerolog.Event, message string) {
	if line == nil { // below the logger's level
		s.release()
		return
	}
	u := unwritten{line, message, make(chan struct{})}
	s.mu.Lock()
	s.lines = append(s.lines, u)
	if !s.writing {
		s.writing = true
		go s.write()
	}
	began := time.Now()
	if s.until.IsZero() {
		s.until = began.Add(patience)
	}
	slow, most := s.slow, max(impatience, s.until.Sub(began))
	s.mu.Unlock()
	if slow {
		return
	}
	t := time.NewTimer(most)
	defer t.Stop()
	inTime := true
	select {
	case <-u.done:
	case <-t.C:
		inTime = false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if inTime && time.Since(began) <= impatience {
		s.until = time.Time{}
	}
	s.slow = s.slow || !inTime && s.writing
}

// write writes until nothing is left. A writer that ends the goroutine, as a test's
// FailNow does, must not end the log: another one goes on.
func (s *scribe) write() {
	ended := true
	defer func() {
		if ended {
			go s.write()
		}
	}()
	for {
		s.mu.Lock()
		if len(s.lines) == 0 {
			s.writing, s.slow, s.lines = false, false, nil
			if s.idle != nil {
				close(s.idle)
				s.idle = nil
			}
			s.mu.Unlock()
			ended = false
			return
		}
		u := s.lines[0]
		s.lines = s.lines[1:]
		dropped := s.dropped
		s.dropped = 0
		s.mu.Unlock()
		if dropped > 0 {
			u.line.Int("aprimo.log.dropped", dropped)
		}
		s.line(u)
	}
}

// line writes one line. A writer that panics must not end the program, as it would
// from a goroutine of ours.
func (s *scribe) line(u unwritten) {
	defer s.release()
	defer close(u.done)
	defer func() { _ = recover() }()
	u.line.Msg(u.message)
}

// wait returns when all is written, or with an error when ctx ends.
func (s *scribe) wait(ctx context.Context) error {
	s.mu.Lock()
	if !s.writing {
		s.mu.Unlock()
		return nil
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		return fmt.Errorf("transport: shutdown with %d lines of the log unwritten, their writer is too slow: %w", s.places, ctx.Err())
	}
}
