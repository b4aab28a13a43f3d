package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

const explanation = `
use       requests served to us and rivals / what the strangers left of 15/s
429s      per minute, ours + the others'
lost      calls of ours that failed, a minute
harm      by how much we make the others' mean delay in the server's queue longer, seconds
fair      J: Jain's index of our processes; otherwise our part of what we and the rivals got
delay     the others' mean delay in the server's queue, seconds
regret    slots that nobody used, and those that we took from strangers, as a part of what
          they leave without us: a schedule that knows all arrivals has 0
max-min   what the least served of our programs got / its max-min fair share
ours      served to us a second (requests that we sent a second, if that is more)
kept      what scripts are served, as a part of what they are served without us
truth     part of the seconds in which the reported delay is right to 0.3 s
others    part of the seconds with Stats.Others in which its rate is right to 1.5/s
wait      real waits / said waits, the median
back in   time after a change until we had 85 % of the free capacity for 10 s, seconds
accept    whether ours is within its bounds
Each figure is the mean of the seeds, ± its standard deviation.
`

// writeTable writes a row for each scenario and a group of columns for each client; more
// columns if there is only one.
func writeTable(out io.Writer, m matrix, cells []cell) error {
	alone := len(m.clients) == 1
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	heads, units := []string{""}, []string{"scenario"}
	for _, c := range m.clients {
		columns := []string{"use", "429s", "lost", "harm", "fair"}
		if alone {
			columns = append(columns, "delay", "regret", "max-min", "ours", "kept", "truth", "others", "wait", "back in", "run")
		}
		heads = append(heads, "|", c.name)
		heads = append(heads, make([]string, len(columns)-1)...)
		units = append(units, "|")
		units = append(units, columns...)
	}
	for _, line := range [][]string{heads, append(units, "  accept")} {
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	for i := range m.scenarios {
		row := cells[i*len(m.clients) : (i+1)*len(m.clients)]
		fmt.Fprintln(w, strings.Join(rowOf(row, alone), "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(out, explanation)
	return err
}

func rowOf(cells []cell, alone bool) []string {
	s := cells[0].scenario
	row := []string{s.name}
	verdict := ""
	for _, c := range cells {
		row = append(row, "|", figure(c.use, c.spread.use, 3), fmt.Sprintf("%.1f + %.1f", c.ours, c.theirs), fmt.Sprintf("%.0f", c.lost), figure(c.harm, c.spread.harm, 2), fairness(c))
		if alone {
			row = append(row, figure(c.delay, c.spread.delay, 2), figure(c.regret, c.spread.regret, 3), figure(c.maxMin, c.spread.maxMin, 2), got(c), figure(c.kept, c.spread.kept, 2), figure(c.truth, c.spread.truth, 2), figure(c.strange, c.spread.strange, 2), figure(c.promised, c.spread.promised, 2), figure(c.recovery, c.spread.recovery, 0), fmt.Sprintf("%.1f s", c.wall.Seconds()))
		}
		if c.client.name == "ours" {
			verdict = s.accept.verdict(c.metrics)
		}
	}
	return append(row, "  "+verdict)
}

func fairness(c cell) string {
	switch {
	case c.scenario.rivals != "":
		return fmt.Sprintf("%.2f", c.share)
	case len(c.scenario.starts) > 1:
		return fmt.Sprintf("J %.2f", c.jain)
	}
	return "–"
}

func got(c cell) string {
	text := figure(c.got, c.spread.got, 1)
	if c.attempts > 1.1*c.got {
		text += fmt.Sprintf(" (%.1f)", c.attempts)
	}
	return text
}

// figure returns a mean and its spread with so many digits.
func figure(mean, spread float64, digits int) string {
	if math.IsNaN(mean) {
		return "–"
	}
	text := fmt.Sprintf("%.*f", digits, mean)
	if spread > 0 {
		text += " ±" + strings.TrimPrefix(fmt.Sprintf("%.*f", digits, spread), "0")
	}
	return text
}
