package main

import (
	"cmp"
	"math"
	"slices"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// A value is what was measured and by how much it may be wrong.
type value struct {
	is, doubt float64
	atLeast   bool // the true value may be any larger one
	unsure    bool // nothing that was seen tells
}

// figure returns the value, or, if it may be larger, what it is at least.
func (v value) figure() float64 {
	if v.atLeast {
		return max(0, v.is-v.doubt)
	}
	return v.is
}

// A limit is what the volleys say about the tenant's limit.
type limit struct {
	rate, queue value
	release     aprimotest.Release
	guessed     bool // the release is only the likeliest
}

// A volley is what became of requests that were sent together.
type volley struct {
	begun    []float64 // seconds from the first send to each begin, in order
	rejected int
	spread   float64 // seconds from the first send to that of the first rejected; 0 if none
}

// newVolley reads a volley from its samples. The time that the server works on a request is
// subtracted from when it was answered: what is left is when it began.
func newVolley(all []sample, work timing) (v volley) {
	if len(all) == 0 {
		return v
	}
	bySent := func(a, b sample) int { return cmp.Compare(a.sent, b.sent) }
	first := slices.MinFunc(all, bySent).sent
	for _, s := range slices.SortedFunc(slices.Values(all), bySent) {
		switch {
		case !s.rejected():
			v.begun = append(v.begun, (s.answered-first).Seconds()-work.median)
		case v.rejected == 0:
			v.spread = (s.sent - first).Seconds()
			fallthrough
		default:
			v.rejected++
		}
	}
	slices.Sort(v.begun)
	return v
}

// A timing is how long the answers to one operation take in calm, in seconds.
type timing struct{ median, deviation, least, most float64 }

// timingOf returns the timing of samples. The deviation is that of the faster half: the
// slower ones may have waited for others.
func timingOf(all []sample) timing {
	if len(all) == 0 {
		return timing{}
	}
	took := make([]float64, len(all))
	for i, s := range all {
		took[i] = s.took().Seconds()
	}
	slices.Sort(took)
	middle := (len(took) - 1) / 2
	wide := (took[len(took)-1] - took[0]) / 6 // so that the true median is within in most cases
	t := timing{median: took[middle], least: max(0, took[0]-wide), most: took[len(took)-1] + wide}
	square := 0.0
	for _, d := range took[:middle] {
		square += math.Pow(d-t.median, 2)
	}
	t.deviation = math.Sqrt(square/float64(middle+1)) + clockDoubt
	return t
}

const (
	clockDoubt = 0.002 // seconds, of a single time
	minRamp    = 4     // from fewer requests no rate can be read
	sureRatio  = 1.5   // how many times worse the other shape must fit for the release to be sure
)

// estimate says what two volleys tell about the limit: a small one, which shows how many
// requests may begin together, and a large one, which fills the queue. Without a large one
// the small one has to do.
func estimate(small, large volley, work timing) (l limit) {
	v := large
	if len(v.begun) == 0 {
		v = small
	}
	n, noise := float64(len(v.begun)), 0.05+3*work.deviation
	if n < minRamp { // others had filled the queue
		return limit{rate: value{unsure: true}, queue: value{unsure: true}, guessed: true}
	}
	if v.begun[len(v.begun)-1] < noise { // none can be seen to have waited
		l = limit{rate: value{is: n, doubt: n / 2, atLeast: v.rejected == 0}, queue: value{doubt: n, atLeast: v.rejected == 0}, guessed: true}
		return l
	}
	even, window := evenly(v.begun), windows(v.begun)
	best, other := min(even.square, window.square), max(even.square, window.square)
	work.deviation = max(work.deviation, math.Sqrt(best/n)) // answers differ more under load
	if even.square == best {
		l = evenLimit(small, v, even, work)
	} else {
		l = windowLimit(v, window, work)
	}
	l.guessed = l.guessed || other < sureRatio*best || best > n*noise*noise // the last: no shape fits
	return l
}

// windowLimit reads the limit of a server that lets requests begin once a second.
func windowLimit(v volley, w shape, work timing) limit {
	l := limit{
		release: aprimotest.FixedWindow,
		rate:    value{is: w.rate, doubt: 0.5 + v.between(w, work)},
		queue:   v.queue(w, 1+2*work.deviation*w.rate),
	}
	if w.phase < 0.1 { // those that began in the first second look like those that began before
		l.queue.is, l.queue.doubt = max(0, l.queue.is-w.rate/2), l.queue.doubt+w.rate/2
	}
	if waited := float64(len(v.begun)) - w.head; waited <= w.rate { // no second was filled
		l.rate = value{is: max(w.head, waited), atLeast: true}
	}
	return l
}

// evenLimit reads the limit of a server that lets requests begin one by one. It has a token
// bucket if several began before the others had to wait, in either of the volleys: the
// requests of others can have emptied the bucket before one.
func evenLimit(small, v volley, even shape, work timing) limit {
	waited := float64(len(v.begun)) - max(0, even.head)
	relative := 3 * work.deviation * even.rate * math.Sqrt(12) / math.Pow(waited, 1.5) // of a regression line's slope
	headDoubt := 1.5 + 2*work.deviation*even.rate
	l := limit{
		release: aprimotest.TokenBucket,
		rate:    value{is: even.rate, doubt: even.rate*(relative+0.005) + 0.1 + v.between(even, work)},
		queue:   v.queue(even, headDoubt),
	}
	if waited < even.rate*(0.1+4*work.deviation) { // the last waited for no longer than answers differ
		l.rate, l.queue, l.guessed = value{unsure: true}, value{unsure: true}, true
	}
	if max(even.head, headAt(small.begun, even.rate)) < 1+headDoubt {
		l.release = aprimotest.EvenlySpaced
		l.guessed = l.guessed || min(even.rate, float64(len(small.begun))) < 1+2*headDoubt // a bucket would have looked the same
	}
	return l
}

// between returns by how much the rate may have been taken for too low because requests of
// others came in between ours, while those arrived. They are taken for 60 % of the limit.
func (v volley) between(s shape, work timing) float64 {
	arrival := v.spread + 6*work.deviation
	waited := float64(len(v.begun)) - max(0, s.head)
	return s.rate * (0.6 * s.rate * arrival / waited)
}

// queue returns how many can wait: those that were admitted and not begun when the first
// was rejected.
func (v volley) queue(s shape, doubt float64) value {
	begun := s.rate * v.spread
	return value{
		is:      max(0, float64(len(v.begun))-s.head-begun),
		doubt:   doubt + begun,
		atLeast: v.rejected == 0,
	}
}
