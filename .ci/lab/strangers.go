package main

import (
	"math/rand/v2"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// strangers is the agent of the open-loop others.
const strangers = "strangers"

// longest is the maximum length of a run.
const longest = time.Hour

type others = func(*rand.Rand) []aprimotest.Load

func steady(rate float64) others {
	return func(*rand.Rand) []aprimotest.Load {
		return []aprimotest.Load{{Agent: strangers, Rate: rate, Random: true}}
	}
}

// square strangers come in every second period of the length half.
func square(rate float64, half time.Duration) others {
	return func(*rand.Rand) []aprimotest.Load {
		var all []aprimotest.Load
		for from := half; from < longest; from += 2 * half {
			all = append(all, aprimotest.Load{Agent: strangers, Rate: rate, Random: true, From: from, Until: from + half})
		}
		return all
	}
}

// bursts are n requests spread over one second, in addition to steady ones.
func bursts(rate float64, n int, each time.Duration) others {
	return func(*rand.Rand) []aprimotest.Load {
		all := steady(rate)(nil)
		for i := range n {
			from := each/2 + time.Duration(i)*time.Second/time.Duration(n)
			all = append(all, aprimotest.Load{Agent: strangers, Burst: 1, Every: each, From: from})
		}
		return all
	}
}

// once is one burst of n requests.
func once(n int, at time.Duration) others {
	return func(*rand.Rand) []aprimotest.Load {
		return []aprimotest.Load{{Agent: strangers, Burst: n, From: at}}
	}
}

// twoState strangers switch between two rates at random times.
func twoState(low, high float64, mean time.Duration) others {
	return func(random *rand.Rand) []aprimotest.Load {
		var all []aprimotest.Load
		for from := time.Duration(0); from < longest; low, high = high, low {
			until := from + time.Duration(random.ExpFloat64()*float64(mean)) + time.Nanosecond
			all = append(all, aprimotest.Load{Agent: strangers, Rate: low, Random: true, From: from, Until: until})
			from = until
		}
		return all
	}
}

func together(parts ...others) others {
	return func(random *rand.Rand) []aprimotest.Load {
		var all []aprimotest.Load
		for _, part := range parts {
			all = append(all, part(random)...)
		}
		return all
	}
}

// every returns the multiples of a period.
func every(period time.Duration) []time.Duration {
	var all []time.Duration
	for at := period; at < longest; at += period {
		all = append(all, at)
	}
	return all
}
