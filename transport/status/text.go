package status

import (
	"fmt"
	"html/template"
	"strings"
	"time"
)

var functions = map[string]any{
	"css": func() template.CSS { return template.CSS(css) }, "js": func() template.JS { return template.JS(js) },
	"seconds": seconds, "clock": clock, "number": number, "name": name, "parts": parts,
	"half": func(n int) int { return n / 2 }, "halfOf": func(d time.Duration) time.Duration { return d / 2 },
}

// seconds formats a duration.
func seconds(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
	default:
		d = d.Round(time.Minute)
	}
	if s, ok := strings.CutSuffix(d.String(), "m0s"); ok {
		return s + "m"
	}
	return d.String()
}

// clock formats a point in time, with the day if that is not today.
func clock(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(now.Location())
	if t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return t.Format("01-02 15:04")
	}
	return t.Format("15:04:05")
}

// number formats a rate: 15, 8.2.
func number(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") }

// name returns a user's name for the page.
func name(s string) string {
	if s == "" {
		return "(unknown)"
	}
	return s
}

// parts splits a path or a name where a line may be broken.
func parts(text string) (all []string) {
	for {
		i := strings.IndexAny(text, "/@")
		if i < 0 {
			return append(all, text)
		}
		all, text = append(all, text[:i+1]), text[i+1:]
	}
}
