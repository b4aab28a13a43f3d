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
delay     mean delay of the others in the server's queue
fair      J: Jain's index of our processes; otherwise our part of what we and the rivals got
back in   time after a change until we had 85 % of the free capacity for 10 s
accept    whether ours is within its bounds
Each figure is the worst of the seeds.
`

// writeTable writes a row for each scenario and a group of columns for each client; more
// columns if there is only one.
func writeTable(out io.Writer, m matrix, cells []cell) error {
	alone := len(m.clients) == 1
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	heads, units := []string{""}, []string{"scenario"}
	for _, c := range m.clients {
		columns := []string{"use", "429s", "delay", "fair"}
		if alone {
			columns = append(columns, "queue", "back in", "run")
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
		row = append(row, "|", fmt.Sprintf("%.3f", c.use), fmt.Sprintf("%.1f + %.1f", c.ours, c.theirs), fmt.Sprintf("%.1f s", c.delay), fairness(c))
		if alone {
			row = append(row, fmt.Sprintf("%.0f", c.queue), seconds(c.recovery), fmt.Sprintf("%.1f s", c.wall.Seconds()))
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

func seconds(s float64) string {
	if math.IsNaN(s) {
		return "–"
	}
	return fmt.Sprintf("%.0f s", s)
}
