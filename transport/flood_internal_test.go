package transport

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// However many names come and go, no more are remembered than have had a line lately.
func TestAFloodForgetsNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := flood{summary: func(floodSummary) {}, busy: func() bool { return false }}
		for minute := range 10 {
			for i := range 300 {
				f.add(Event{Time: time.Now(), User: fmt.Sprint(minute, i)}, "GET /", false, true)
			}
			time.Sleep(floodSpan + time.Second)
			synctest.Wait()
		}
		if n := len(f.seen); n > 2*floodNames+1 {
			t.Errorf("%d names", n)
		}
	})
}
