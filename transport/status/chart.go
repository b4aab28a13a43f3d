package status

import (
	"fmt"
	"strings"
	"time"
)

// The size of the chart, in units of its own.
const (
	chartWidth  = 600
	chartHeight = 100
	visible     = 3 // minimum height of a 429, so that one in many requests is seen
)

// A chart is the last hour: a column for each minute, and a line for the server's delay.
type chart struct {
	Columns []column
	Limit   float64 // the height of the line at the limit; 0 if there is none
	Full    int     // the number of requests at the full height; half of it is a whole number
	Ticks   []tick  // each quarter of an hour
	Delay   string  // the path of the line; empty if there was no delay

	FullDelay time.Duration // the delay at the full height
}

// A tick is a time on the horizontal axis.
type tick struct {
	X     float64 // in units of the chart
	Share float64 // the same in percent of the width
	Label string
}

// A column is a minute: requests from the bottom up, and the 429s among them.
type column struct {
	X, Width    float64
	Y, Height   float64
	Red, RedTop float64
	Title       string
}

// Chart draws the last hour.
func (v view) Chart() chart {
	limit := v.Now.Limit * 60
	full := limit * 1.1
	var c chart
	var slowest time.Duration
	for _, m := range v.Minutes {
		full = max(full, float64(m.Sent), float64(m.Limited))
		slowest = max(slowest, m.ServerDelay)
	}
	c.Full = round(full)
	full = float64(c.Full)
	high := func(n float64) float64 { return chartHeight * n / full }
	const width = float64(chartWidth) / minutes
	for i, m := range v.Minutes {
		if x := float64(i) * width; m.Time.Minute()%15 == 0 {
			c.Ticks = append(c.Ticks, tick{x, x * 100 / chartWidth, m.Time.Format("15:04")})
		}
		sent, red := high(float64(max(m.Sent, m.Limited))), high(float64(m.Limited))
		if m.Limited > 0 {
			red = max(red, visible)
			sent = max(sent, red)
		}
		c.Columns = append(c.Columns, column{
			X: float64(i) * width, Width: width - 1, Y: chartHeight - sent, Height: sent, Red: red, RedTop: chartHeight - red,
			Title: fmt.Sprintf("%s: %d requests, %d answered 429, server delay %s", m.Time.Format("15:04"), m.Sent, m.Limited, seconds(m.ServerDelay)),
		})
	}
	if limit > 0 {
		c.Limit = chartHeight - high(limit)
	}
	if slowest > 0 {
		c.FullDelay = time.Duration(round(slowest.Seconds()*10)) * time.Second / 10
		c.Delay = v.delayLine(c.FullDelay)
	}
	return c
}

// delayLine returns the path of the server's delay. A minute without requests has none, and
// interrupts the line.
func (v view) delayLine(full time.Duration) string {
	const width = float64(chartWidth) / minutes
	var path strings.Builder
	for i, m := range v.Minutes {
		if m.Sent == 0 {
			continue
		}
		x, y := (float64(i)+0.5)*width, chartHeight-chartHeight*float64(m.ServerDelay)/float64(full)
		if i == 0 || v.Minutes[i-1].Sent == 0 {
			fmt.Fprintf(&path, "M%.1f,%.1f", x, y)
		}
		fmt.Fprintf(&path, "L%.1f,%.1f", x, y) // also to itself: a minute alone is a dot
	}
	return path.String()
}

// round returns the next number from n on that an axis can be read by: 2, 4, 10, 20, 40, 100, …
func round(n float64) int {
	for power := 1; ; power *= 10 {
		for _, digit := range []int{2, 4, 10} {
			if full := digit * power; float64(full) >= n {
				return full
			}
		}
	}
}
