package notify_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// An inbox is a Notifier that keeps the alerts, after failing with the errors
// it was given.
type inbox struct {
	mu     sync.Mutex
	errs   []error
	tries  []time.Time
	alerts []notify.Alert
}

func (b *inbox) Notify(_ context.Context, a notify.Alert) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tries = append(b.tries, time.Now())
	if len(b.errs) > 0 {
		err := b.errs[0]
		b.errs = b.errs[1:]
		if err != nil {
			return err
		}
	}
	b.alerts = append(b.alerts, a)
	return nil
}

func (b *inbox) got() []notify.Alert {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]notify.Alert(nil), b.alerts...)
}

func (b *inbox) tried() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.tries)
}

// pauses returns what passed between one try and the next.
func (b *inbox) pauses() (pauses []time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := 1; i < len(b.tries); i++ {
		pauses = append(pauses, b.tries[i].Sub(b.tries[i-1]))
	}
	return pauses
}

// event returns a 429 of anna's, now.
func event() transport.Event {
	return transport.Event{
		Kind: transport.RateLimited, Time: time.Now(), User: "anna@example.com", Method: "GET",
		URL:     "https://acme.dam.aprimo.com/api/core/record/0a1b2c3d4e5f60718293a4b5c6d7e8f9?q=REDACTED",
		Attempt: 1, Status: 429, Delay: 2 * time.Second, Queued: 7,
	}
}

// burst has a observe n 429s at once. As the Alerter looks once a second at what was
// counted, and the first time when the first came, an alert may come a second later.
func burst(a *notify.Alerter, n int) {
	for range n {
		a.Observe(context.Background(), event())
	}
}
