package main

import "math"

// A shape is a way in which a volley may have begun: head requests at once, the others as
// the rate per second has it. A negative head is how many requests of others were waiting
// before them.
type shape struct {
	rate, head float64
	square     float64 // sum of the squared distances from what was seen
	phase      float64 // of windows: seconds until the first of those that waited begin
}

// evenly returns the best shape of requests that begin one by one: the k-th at
// (k-head)/rate, or at once.
func evenly(begun []float64) shape {
	best := shape{square: math.Inf(1)}
	n := float64(len(begun))
	for head := -3 * n; head <= n-minRamp; head += 0.25 {
		if s := evenlyFrom(begun, head); s.square < best.square && head <= s.rate+1 {
			best = s
		}
	}
	return best
}

// evenlyFrom returns the best shape with a given head, by least squares.
func evenlyFrom(begun []float64, head float64) shape {
	var xx, xy float64
	for i, t := range begun {
		if x := float64(i+1) - head; x > 0 {
			xx, xy = xx+x*x, xy+x*t
		}
	}
	if xy <= 0 {
		return shape{square: math.Inf(1)}
	}
	rate := xx / xy
	return shape{rate: rate, head: head, square: evenlySquare(begun, rate, head)}
}

// headAt returns the head that fits best if the rate is known.
func headAt(begun []float64, rate float64) (head float64) {
	least := math.Inf(1)
	n := float64(len(begun))
	for h := -3 * n; h <= n; h += 0.25 {
		if square := evenlySquare(begun, rate, h); square < least {
			head, least = h, square
		}
	}
	return head
}

func evenlySquare(begun []float64, rate, head float64) (square float64) {
	for i, t := range begun {
		square += math.Pow(t-max(0, float64(i+1)-head)/rate, 2)
	}
	return square
}

// windows returns the best shape of requests of which rate begin together, once a second.
func windows(begun []float64) shape {
	best := shape{square: math.Inf(1)}
	for rate := 1; rate <= len(begun); rate++ {
		for head := 1 - rate; head <= min(rate, len(begun)-1); head++ {
			if s := windowsFrom(begun, rate, head); s.square < best.square {
				best = s
			}
		}
	}
	return best
}

// windowsFrom returns the best shape with a given rate and head: the seconds of the server
// begin where they fit best.
func windowsFrom(begun []float64, rate, head int) shape {
	s := shape{rate: float64(rate), head: float64(head)}
	var sum, squares, n float64
	for i, t := range begun {
		if i < head {
			s.square += t * t
			continue
		}
		y := t - float64((i-head)/rate)
		sum, squares, n = sum+y, squares+y*y, n+1
	}
	least := 0.0
	if head <= 0 {
		least = 0.15 // or those that began at once would be taken for a second's first
	}
	s.phase = min(max(sum/n, least), 1)
	s.square += squares - 2*s.phase*sum + n*s.phase*s.phase
	return s
}
