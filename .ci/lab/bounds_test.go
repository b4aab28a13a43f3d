package main

import (
	"math"
	"testing"
	"time"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestRegret(t *testing.T) {
	alone := func(served int) sample {
		return sample{at: 100 * time.Second, others: aprimotest.Agent{Served: served, Arrived: served}}
	}
	with := func(ours, theirs int) sample {
		return sample{at: 100 * time.Second, ours: []aprimotest.Agent{{Served: ours}}, others: aprimotest.Agent{Served: theirs}}
	}
	for name, tt := range map[string]struct {
		scenario
		with, without sample
		want          float64
	}{
		"all that is free":       {scenario{}, with(1000, 500), alone(500), 0},
		"a tenth is not used":    {scenario{}, with(900, 500), alone(500), 0.1},
		"a tenth is taken":       {scenario{}, with(1100, 400), alone(500), 0.1},
		"taken and not used":     {scenario{}, with(1000, 400), alone(500), 0.2},
		"more than the limit":    {scenario{}, with(1005, 500), alone(500), 0},
		"nothing is free":        {scenario{}, with(100, 1400), alone(1490), math.NaN()},
		"strangers in overload":  {scenario{}, with(100, 1400), sample{at: 100 * time.Second, others: aprimotest.Agent{Served: 1000, Arrived: 2000}}, math.NaN()},
		"beside a closed loop":   {scenario{scripts: scripts{workers: 1}}, with(900, 500), alone(500), math.NaN()},
		"beside rivals":          {scenario{rivals: "aws"}, with(900, 500), alone(500), math.NaN()},
		"Batch, which is modest": {scenario{batch: true}, with(900, 500), alone(500), math.NaN()},
	} {
		got := regret(tt.scenario, tt.with, tt.without)
		if math.Abs(got-tt.want) > 1e-9 || math.IsNaN(got) != math.IsNaN(tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestMaxMin(t *testing.T) {
	without := sample{at: 100 * time.Second, others: aprimotest.Agent{Arrived: 300}, scripts: aprimotest.Agent{Served: 1200}}
	with := sample{at: 100 * time.Second, ours: []aprimotest.Agent{{Served: 400}, {Served: 200}}}
	two := scenario{starts: make([]time.Duration, 2)}
	one := sample{at: with.at, ours: with.ours[:1]}
	for name, tt := range map[string]struct {
		scenario
		with sample
		want float64
	}{
		"two and a script of 12/s":    {scenario{starts: two.starts, scripts: scripts{workers: 9}}, with, 2.0 / 4},
		"two that share":              {scenario{starts: two.starts, shared: true, scripts: scripts{workers: 9}}, with, 6.0 / 6},
		"one and two rivals":          {scenario{rivals: "aws"}, one, 4.0 / 3}, // the script of 12/s is a fourth one
		"one beside an open loop":     {scenario{}, one, math.NaN()},
		"Batch beside a script":       {scenario{batch: true, scripts: scripts{workers: 9}}, one, math.NaN()},
		"nobody, without us measured": {scenario{rivals: "aws"}, sample{at: with.at}, math.NaN()},
	} {
		got := maxMin(tt.scenario, tt.with, without)
		if math.Abs(got-tt.want) > 1e-9 || math.IsNaN(got) != math.IsNaN(tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func TestFairShare(t *testing.T) {
	inf := math.Inf(1)
	for _, tt := range []struct {
		wants []float64
		want  float64
	}{
		{[]float64{inf}, 15},
		{[]float64{inf, 2}, 13},
		{[]float64{13, 2, inf}, 6.5},
		{[]float64{inf, 20}, 7.5},
		{[]float64{5.6, inf, 2}, 7.4},
		{[]float64{1, 2}, inf},
	} {
		if got := fairShare(15, tt.wants); math.Abs(got-tt.want) > 1e-9 && got != tt.want {
			t.Errorf("%v: got %v, want %v", tt.wants, got, tt.want)
		}
	}
}
