package client

import (
	"math"
	"time"
)

// An ETA predicts when work will be done, from the rate at which it progresses. The zero
// value is ready to use. Do not use one from several goroutines at once, nor for several
// uploads or downloads.
//
//	var eta client.ETA
//	progress := client.UploadProgress(func(done, total int64) {
//		if at := eta.At(done, total); !at.IsZero() {
//			fmt.Printf("%d %%, done at %s\n", 100*done/total, at.Format("15:04"))
//		}
//	})
type ETA struct {
	latest time.Time // when At was last called
	first  time.Time // when done first grew
	done   int64
	work   float64 // done since the first call; half of it counts after etaHalfLife
	took   float64 // seconds for it
}

// etaLump is the time within which what is done counts as one step, such as the records of
// a page: a part of the first step says nothing about the rate.
const etaLump = 100 * time.Millisecond

// etaHalfLife is long beside the time for one segment or page, so that the prediction is
// steady, and short beside the work for which somebody wants one.
const etaHalfLife = 30 * time.Second

// At returns when done will reach total. It returns the zero time if that cannot be known: if
// total is negative, as for a stream, or until a tenth of a second after done first grew.
// What was done before the first call does not count, since an earlier run may have done it.
// The latest half minute counts most.
func (e *ETA) At(done, total int64) time.Time {
	now := time.Now()
	if !e.latest.IsZero() {
		took := now.Sub(e.latest).Seconds()
		keep := math.Exp2(-took / etaHalfLife.Seconds())
		e.work = e.work*keep + float64(max(0, done-e.done))
		e.took = e.took*keep + took
	}
	if e.work > 0 && e.first.IsZero() {
		e.first = now
	}
	e.latest, e.done = now, done
	if total < 0 || e.work == 0 || now.Sub(e.first) < etaLump {
		return time.Time{}
	}
	left := float64(max(0, total-done)) / e.work * e.took
	return now.Add(time.Duration(min(left, maxETA.Seconds()) * float64(time.Second)))
}

// maxETA bounds what fits into a time.Duration.
const maxETA = 100 * 365 * 24 * time.Hour
