package notify_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/notify"
	"github.com/aprimo-go/aprimo/transport"
)

// What an alert says of the others' share, beside what they really got: never more,
// and not much less.
func TestTheOthersShareIsWhatTheyGot(t *testing.T) {
	for _, tt := range []struct {
		strangers float64
		window    int
	}{{0, -1}, {4, -1}, {9, -1}, {14, -1}, {20, -1}, {20, 0}} {
		t.Run(fmt.Sprintf("%v a second, window %d", tt.strangers, tt.window), func(t *testing.T) {
			if testing.Short() && tt.strangers != 9 {
				t.Skip("one number of others only")
			}
			synctest.Test(t, func(t *testing.T) {
				tenant := &aprimotest.Tenant{Others: []aprimotest.Load{{Agent: "strangers", Rate: tt.strangers, Random: true}}}
				box := new(inbox)
				alerts := notify.New(box, notify.Rule{Count: 1, Within: 10 * time.Minute, Gather: 4 * time.Minute})
				client := &http.Client{Transport: transport.New(transport.WithBase(tenant.Transport()), transport.WithLogger(zerolog.Nop()),
					transport.WithWindow(tt.window), transport.WithObserver(alerts.Observe))}
				var all sync.WaitGroup
				end := time.Now().Add(3 * time.Minute)
				for range 300 {
					all.Go(func() {
						for time.Now().Before(end) {
							resp, err := client.Get("https://acme.dam.aprimo.com/api/core/records?pageSize=1")
							if err == nil {
								resp.Body.Close()
							}
						}
					})
				}
				all.Wait()
				alerts.Close()
				r := tenant.Report()
				real := float64(r.Agents["strangers"].Served) / r.Elapsed.Seconds()
				if len(box.got()) == 0 {
					if tt.strangers > 0 {
						t.Fatal("alerts: got none, want one")
					}
					return
				}
				a := box.got()[0]
				t.Logf("%d 429s: %.1f at least, %.1f really", a.Total, a.Others, real)
				if a.Others > real+0.3 || a.Others < real-2 {
					t.Errorf("others: got %.1f at least, want %.1f", a.Others, real)
				}
			})
		})
	}
}
