package aprimotest_test

import (
	"math/big"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// model works out what should become of the arrivals, in exact numbers and as
// simply as it can be said.
func model(release aprimotest.Release, rate, queue int, phase time.Duration, arrivals []time.Duration) []outcome {
	m := map[aprimotest.Release]func(int, time.Duration) begin{
		aprimotest.TokenBucket: bucketModel, aprimotest.FixedWindow: windowModel, aprimotest.EvenlySpaced: evenModel,
	}[release](rate, phase)
	var out []outcome
	for _, at := range arrivals {
		waiting := 0
		for _, o := range out {
			if o.status == 200 && o.ended > at {
				waiting++
			}
		}
		if b := m(at, false); b == at || waiting < queue {
			m(at, true)
			out = append(out, outcome{at, b, 200})
		} else {
			out = append(out, outcome{at, at, 429})
		}
	}
	return canonical(out)
}

// A begin tells when a request that comes at a time begins; take makes it so.
type begin func(at time.Duration, take bool) time.Duration

// bucketModel keeps a bucket of tokens.
func bucketModel(rate int, _ time.Duration) begin {
	perNano := big.NewRat(int64(rate), int64(time.Second))
	level, last := big.NewRat(int64(rate), 1), new(big.Rat)
	return func(at time.Duration, take bool) time.Duration {
		t := big.NewRat(int64(at), 1)
		if t.Cmp(last) < 0 {
			t.Set(last) // not before the one ahead
		}
		now := new(big.Rat).Sub(t, last)
		now.Mul(now, perNano).Add(now, level)
		if now.Cmp(big.NewRat(int64(rate), 1)) > 0 {
			now.SetInt64(int64(rate))
		}
		if missing := new(big.Rat).Sub(big.NewRat(1, 1), now); missing.Sign() > 0 {
			t.Add(t, missing.Quo(missing, perNano))
			now.SetInt64(1)
		}
		if take {
			level, last = now.Sub(now, big.NewRat(1, 1)), t
		}
		return ceil(t)
	}
}

// windowModel looks for the first second with room.
func windowModel(rate int, phase time.Duration) begin {
	used := make(map[time.Duration]int)
	return func(at time.Duration, take bool) time.Duration {
		second := (at + phase).Truncate(time.Second)
		for used[second] == rate {
			second += time.Second
		}
		if take {
			used[second]++
		}
		return max(at, second-phase)
	}
}

// evenModel keeps a distance from the one before.
func evenModel(rate int, _ time.Duration) begin {
	next := new(big.Rat)
	return func(at time.Duration, take bool) time.Duration {
		t := big.NewRat(int64(at), 1)
		if at <= ceil(next) {
			t.Set(next) // also if it is a part of a nanosecond ago
		}
		if take {
			next = new(big.Rat).Add(t, big.NewRat(int64(time.Second), int64(rate)))
		}
		return ceil(t)
	}
}

func ceil(r *big.Rat) time.Duration {
	n, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		n.Add(n, big.NewInt(1))
	}
	return time.Duration(n.Int64())
}
