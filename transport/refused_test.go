package transport_test

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/transport"
)

// Calls that are refused fail at once and leave no trace at the server: the log says so, in
// a few lines, with their number.
func TestRefusedCallsAreLogged(t *testing.T) {
	for name, c := range map[string]struct {
		timeout time.Duration
		option  transport.Option
		want    string
	}{
		"a deadline":                          {5 * time.Second, nil, "exceeds the deadline"},
		"a deadline that passes in the queue": {5 * time.Second, transport.WithLimiter(blocked{}), "context deadline exceeded"},
		"a full queue":                        {time.Hour, transport.WithMaxQueue(75), "the queue is full"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				tr := transport.New(transport.WithLogger(zerolog.New(&log).Level(zerolog.WarnLevel)), transport.WithBase(answers(200)), c.option)
				client := &http.Client{Transport: tr, Timeout: c.timeout}
				var calls sync.WaitGroup
				for range 300 {
					calls.Go(func() {
						if resp, err := client.Get(recordsURL + "?filter=S3cret"); err == nil {
							resp.Body.Close()
						}
					})
				}
				calls.Wait()
				if err := tr.Shutdown(context.Background()); err != nil {
					t.Fatal(err)
				}
				lines := strings.Split(strings.TrimSpace(log.String()), "\n")
				if len(lines) != 2 || !strings.Contains(lines[0], c.want) || !strings.Contains(lines[0], `"level":"warn"`) || strings.Contains(log.String(), "S3cret") {
					t.Fatalf("the log has\n%s\nwant one warning with the reason, and one with the number of the others", log.String())
				}
				if !strings.Contains(lines[1], `"aprimo.rate_limit.suppressed":2`) { // some 200 of 300
					t.Errorf("got %s; want how many more were refused", lines[1])
				}
			})
		})
	}
}
