// Package progress draws the progress bars of the example programs.
package progress

import (
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/examples/internal/program"
)

// Visible reports whether bars are drawn: they are if the standard error is a terminal.
func Visible() bool { return term.IsTerminal(int(os.Stderr.Fd())) }

// A Bar shows how much of some work is done, and when all of it will be. It is safe for
// concurrent use.
type Bar struct {
	description string

	mu          sync.Mutex
	bar         *progressbar.ProgressBar
	eta         client.ETA
	at          time.Time // when all will be done
	done, total int64
	shown       time.Time
	next        *time.Timer // to draw what came too soon after the latest drawing; nil: none
}

// interval is the shortest time between two drawings.
const interval = 100 * time.Millisecond

// New returns a Bar on the standard error. A negative total is an unknown one.
func New(total int64, description string, opts ...progressbar.Option) *Bar {
	b := &Bar{description: program.Clean(description), total: total}
	b.bar = progressbar.NewOptions64(total, append([]progressbar.Option{
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetVisibility(Visible()),
		progressbar.OptionSetDescription(b.description),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
	}, opts...)...)
	b.eta.At(0, total)
	return b
}

// Set shows that so much of the total is done.
func (b *Bar) Set(done, total int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resize(total)
	b.show(done)
}

// Extend adds n to the total.
func (b *Bar) Extend(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resize(b.total + n)
	b.show(b.done)
}

func (b *Bar) resize(total int64) {
	if total == b.total {
		return
	}
	if b.total < 0 {
		b.bar.Reset() // it counts modulo its width while the total is unknown
	}
	b.total = total
	b.bar.ChangeMax64(max(-1, total))
}

// Add shows that n more is done.
func (b *Bar) Add(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.show(b.done + n)
}

func (b *Bar) show(done int64) {
	b.done, b.at = done, b.eta.At(done, b.total)
	if time.Since(b.shown) >= interval || done == b.total {
		b.draw()
	} else if b.next == nil {
		b.next = time.AfterFunc(interval, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.next != nil {
				b.draw()
			}
		})
	}
}

// draw draws what is done.
func (b *Bar) draw() {
	b.stop()
	now := time.Now()
	b.shown = now
	description := b.description
	if !b.at.IsZero() {
		description += ", done at " + clock(b.at, now)
	}
	b.bar.Describe(description)
	b.bar.Set64(b.done)
}

// Write shows that so many bytes more are done.
func (b *Bar) Write(data []byte) (int, error) {
	b.Add(int64(len(data)))
	return len(data), nil
}

// Clear removes the Bar until it is drawn again, so that a line can be written.
func (b *Bar) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bar.Clear()
}

// Finish removes the Bar.
func (b *Bar) Finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stop()
	b.bar.Finish()
}

func (b *Bar) stop() {
	if b.next != nil {
		b.next.Stop()
		b.next = nil
	}
}

// clock returns a time of day, with the date if that is another day.
func clock(at, now time.Time) string {
	if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return at.Format("15:04 MST")
	}
	return at.Format("15:04 MST on 2 January")
}
