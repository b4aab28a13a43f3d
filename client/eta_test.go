package client_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aprimo-go/aprimo/client"
)

// The prediction follows the rate of the latest half minute, whatever size the steps have.
func TestETA(t *testing.T) {
	for _, step := range []int64{1, 10, 60} {
		synctest.Test(t, func(t *testing.T) {
			var eta client.ETA
			const total = 10_000
			done := int64(1000) // by an earlier run
			wantETA(t, &eta, done, total, 0)
			advance := func(seconds int, perSecond int64) {
				for range seconds / int(step) {
					time.Sleep(time.Duration(step) * time.Second)
					done += step * perSecond
					eta.At(done, total)
				}
			}
			advance(120, 20)
			wantETA(t, &eta, done, total, 330*time.Second) // 6600 at 20/s
			advance(600, 5)
			wantETA(t, &eta, done, total, 720*time.Second) // 3600 at 5/s
			wantETA(t, &eta, done, -1, 0)
			wantETA(t, &eta, total+1, total, time.Nanosecond)
		})
	}
}

// wantETA fails the test unless the work is predicted to be done after about the given time,
// or the time is not known if that is 0.
func wantETA(t *testing.T, eta *client.ETA, done, total int64, want time.Duration) {
	t.Helper()
	at := eta.At(done, total)
	if at.IsZero() || want == 0 {
		if !at.IsZero() || want != 0 {
			t.Errorf("%d of %d: got %v, want after %v", done, total, at, want)
		}
		return
	}
	if got := time.Until(at); got > want*21/20 || got < want*19/20-time.Nanosecond {
		t.Errorf("%d of %d: got after %v, want after %v", done, total, got, want)
	}
}

// Work that starts anew or hardly progresses makes no time that is in the past or overflows.
func TestETAOfWorkThatDoesNotProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var eta client.ETA
		eta.At(100, 1<<62)
		time.Sleep(time.Hour)
		wantETA(t, &eta, 50, 1<<62, 0)
		time.Sleep(time.Hour)
		eta.At(51, 1<<62)
		time.Sleep(time.Hour)
		if at := eta.At(52, 1<<62); time.Until(at) < 24*time.Hour {
			t.Errorf("got %v for nearly endless work, want it in the far future", at)
		}
		var stalled client.ETA
		for done := range int64(50) {
			stalled.At(done, 100)
			time.Sleep(time.Second)
		}
		for range 600 {
			stalled.At(50, 100)
			time.Sleep(time.Second)
		}
		if at := stalled.At(50, 100); time.Until(at) < 24*time.Hour {
			t.Errorf("got %v for work that has not progressed for ten minutes, want it in the far future", at)
		}
	})
}

// A part of a page that arrived at once says nothing about the rate.
func TestETAOfPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var eta client.ETA
		eta.At(0, -1)
		for page := range int64(3) {
			time.Sleep(time.Second)
			for i := range int64(1000) {
				at := eta.At(1000*page+i+1, 10_000)
				if left := time.Until(at); page > 0 && (left < 6*time.Second || left > 19*time.Second) || page == 0 && !at.IsZero() {
					t.Fatalf("record %d of page %d: got %v, want about ten seconds less one for each page, and nothing on the first", i, page, at)
				}
			}
		}
	})
}
