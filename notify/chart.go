package notify

import (
	"fmt"
	"strings"
	"time"
)

// A chart shows one number for each minute of the last hour. In HTML it is a table
// of coloured cells, which every mail program shows without loading anything; in
// plain text a line of block characters.
type chart struct {
	Title string // what, and how much the most is
	Begin string
	End   string
	Bars  []bar
	Line  string
	Color string
}

// A bar is one minute: so many of chartHeight pixels.
type bar struct{ Height int }

const chartHeight = 48

// charts returns nothing if nothing is known of the last hour.
func charts(a Alert) []chart {
	if len(a.History) == 0 {
		return nil
	}
	end := a.Time.Truncate(time.Minute)
	var limited, rate, delay [maxHistory]float64
	for _, m := range a.History {
		i := maxHistory - 1 - int(end.Sub(m.Time)/time.Minute)
		if i < 0 || i >= maxHistory {
			continue
		}
		limited[i], rate[i], delay[i] = float64(m.Limited), float64(m.Sent)/60, m.Delay.Seconds()
	}
	begin := end.Add(-(maxHistory - 1) * time.Minute)
	from, to := begin.Format("15:04"), end.Format("15:04")
	return []chart{
		draw("429 answers a minute, %s at most", limited[:], from, to, "#b3261e"),
		draw("Our requests, %s a second at most", rate[:], from, to, "#0b57d0"),
		draw("Wait at the server, %s s at most", delay[:], from, to, "#9a6700"),
	}
}

func draw(title string, values []float64, from, to, color string) chart {
	blocks := []rune(" ▁▂▃▄▅▆▇█")
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	c := chart{Title: fmt.Sprintf(title, number(most)), Begin: from, End: to, Color: color}
	var line strings.Builder
	for _, v := range values {
		b, block := bar{}, 0
		if v > 0 {
			b.Height = max(1, int(v/most*chartHeight))
			block = max(1, int(v/most*float64(len(blocks)-1)))
		}
		c.Bars = append(c.Bars, b)
		line.WriteRune(blocks[block])
	}
	c.Line = line.String()
	return c
}
