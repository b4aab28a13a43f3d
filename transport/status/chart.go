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
	Columns  []column
	Limit    float64 // the height of the line at the limit; 0 if there is none
	Full     string  // the number of requests at the full height
	Delay    string  // the points of the line
	MaxDelay time.Duration
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
	for _, m := range v.Minutes {
		full = max(full, float64(m.Sent), float64(m.Limited))
		c.MaxDelay = max(c.MaxDelay, m.ServerDelay)
	}
	full = max(full, 1)
	high := func(n float64) float64 { return chartHeight * n / full }
	const width = float64(chartWidth) / minutes
	for i, m := range v.Minutes {
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
	if c.MaxDelay > 0 {
		var points strings.Builder
		for i, m := range v.Minutes {
			fmt.Fprintf(&points, "%.1f,%.1f ", (float64(i)+0.5)*width, chartHeight-(chartHeight-8)*float64(m.ServerDelay)/float64(c.MaxDelay))
		}
		c.Delay = points.String()
	}
	c.Full = fmt.Sprintf("%.0f", full)
	return c
}
