package notify

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// advice is what the administrator can do, by condition.
var advice = map[Condition][]string{
	Throttled: {
		"Check whether the users and operations below belong to a job that can do less, or run at another time. " +
			"Large download orders, transformations in orders and uploads of large files cost Aprimo most.",
		"The limit is the tenant's: other programs count too. Check what else runs at these times.",
		"Ask Aprimo to raise the limit, then set the same number in this program's limiter and in notify.Rule.TenantRate.",
	},
	Failing: {
		"Find the calls in the log. It is safe to run a call again if its answer was 429, because it was not carried out, or if it only reads.",
		"A call without an answer, or with a 502, 503 or 504, may have been carried out. Check that in Aprimo before you run it again: " +
			"a POST that runs twice makes duplicates.",
		"A call is given up when all its attempts fail, or its deadline passes. Allow more time, or start fewer calls at once.",
	},
	Refusing: {
		"The rejected calls were never sent: it is safe to run them again.",
		"Start fewer calls at once, or allow them more time: a call is rejected at once if its deadline, or http.Client.Timeout, " +
			"comes before its turn.",
		"A call is also rejected if the queue is full (transport.WithMaxQueue), or if the limiter fails. The callers' errors say which.",
	},
	Saturated: {
		"Calls are queued, which delays them. Start large jobs later, or run them with transport.Batch so that other calls go first.",
		"If the server is slow while this program sends little, other programs keep it busy. Check what else runs at these times.",
	},
}

// title says what has happened.
func (a Alert) title() string {
	from, span := "this program", howLong(a.span())
	if len(a.Hosts) > 1 {
		from = "these programs"
	}
	what := fmt.Sprintf("Aprimo answered %s from %s with status 429 (too many requests) in %s", many(a.Total, "request"), from, span)
	switch a.Condition {
	case Failing:
		what = fmt.Sprintf("%s from %s %s given up in %s", many(a.Total, "call"), from, were(a.Total), span)
	case Refusing:
		what = fmt.Sprintf("%s from %s %s rejected locally and never sent, in %s", many(a.Total, "call"), from, were(a.Total), span)
	case Saturated:
		what = fmt.Sprintf("Requests from %s have been slow for %s: they wait at Aprimo, or in the local queue", from, span)
	}
	switch a.Phase {
	case Escalated:
		return "It is now ten times worse than last reported. " + what
	case Reminder:
		return "It continues. " + what
	case Resolved:
		return "It is resolved. " + what
	case Digest:
		return fmt.Sprintf("%s since %s, reported together: short, soon after another mail, or muted. %s",
			many(a.incidents(), "incident"), at(a.Since), what)
	}
	return what
}

// String returns the incident in one line.
func (s Summary) String() string {
	line := fmt.Sprintf("%s, %d, ongoing", at(s.Since), s.Total)
	if !s.Ended.IsZero() {
		line = fmt.Sprintf("%s, %d in %s", at(s.Since), s.Total, howLong(s.Ended.Sub(s.Since)))
	}
	if s.Opened {
		line += "; a mail has reported its start"
	}
	return line
}

func (a Alert) facts() (all []fact) {
	add := func(applies bool, name, value string) {
		if applies {
			all = append(all, fact{name, value})
		}
	}
	state := "ongoing"
	if a.Phase == Resolved {
		state = "resolved"
	}
	add(true, "First", at(a.Since))
	add(true, "Last", at(a.latest()))
	add(!a.Ended.IsZero(), "Resolved", at(a.Time))
	add(true, "Threshold", a.threshold())
	add(a.Peak > 0, "Peak", many(a.Peak, "429")+" in one minute")
	add(a.Condition == Throttled || a.Condition == Saturated, "Others", a.othersSent())
	add(a.Tenant != "", "Tenant", a.Tenant)
	add(true, "Program", fmt.Sprintf("process %d on %s", a.PID, a.Host))
	add(a.Alone, "Scope", "this process alone: the Store could not be used")
	add(a.Number > 1 && a.Phase != Digest, "Incident", fmt.Sprintf("%s; mail no. %d about it", state, a.Number))
	add(!a.Previous.IsZero(), "Last mail", at(a.Previous))
	add(a.Suppressed > 0 && a.Phase != Digest, "Unreported", many(a.Suppressed, "event")+" in incidents without a mail")
	return all
}

// othersSent says what other programs sent.
func (a Alert) othersSent() string {
	if !known(a.OthersSent) {
		return "not known"
	}
	return fmt.Sprintf("%s ± %s requests a second, as last measured", number(a.OthersSent.Rate), number(a.OthersSent.Stddev))
}

// lines are a list of what applies.
type lines []string

func (l *lines) add(applies bool, line string) {
	if applies {
		*l = append(*l, line)
	}
}

func (a Alert) outcome() []string {
	var l lines
	l.add(a.Lost == 0, "No call has been given up so far")
	l.add(a.Lost > 0, many(a.Lost, "call")+" given up: the caller got the error")
	l.add(a.Unconfirmed > 0, fmt.Sprintf("%d of these may have been carried out; %d can be run again", a.Unconfirmed, a.Lost-a.Unconfirmed))
	l.add(a.Recovered > 0, many(a.Recovered, "call")+" succeeded after a retry")
	l.add(a.Refused > 0, many(a.Refused, "call")+" rejected locally, never sent")
	l.add(a.Condition == Throttled, many(a.Queued, "call")+" queued at the last 429")
	l.add(a.Condition != Throttled, many(a.Queued, "call")+" queued at the last event")
	return l
}

// share says who used the tenant's limit.
func (a Alert) share() string {
	during := fmt.Sprintf("While Aprimo sent 429s, it processed %s requests a second. ", number(a.TenantRate))
	switch {
	case a.Rate+a.Others <= 0:
		return ""
	case a.Rate < 0.05:
		return during + "None of the queued requests were ours: other programs used the whole limit."
	case a.Others < 0.5:
		return during + "Our own traffic alone can account for it."
	}
	return during + fmt.Sprintf("At most %s were ours; other programs sent at least %s.", number(a.Rate), number(a.Others))
}

func (a Alert) actions() []string {
	var l lines
	retrying := a.Phase != Resolved && a.Phase != Digest
	l.add(a.Paused > 0, "It paused all calls "+many(a.Paused, "time")+".")
	l.add(a.ServerDelay > 0, "It limited the requests in flight: the server delayed each by "+howLong(a.ServerDelay)+".")
	l.add(retrying && a.Again && a.Delay > 0, "It retries the requests that Aprimo rejected, the last one after "+howLong(a.Delay)+".")
	l.add(retrying && a.Again && a.Delay <= 0, "It retries the requests that Aprimo rejected.")
	l.add(retrying && !a.Again && a.Condition == Throttled, "It does not retry the last request that Aprimo rejected.")
	return l
}

func (a Alert) foot() []string {
	var l lines
	last, over := !a.NoneBefore.IsZero(), a.Phase == Resolved || a.Phase == Digest && a.Next.IsZero()
	l.add(last, "This is the last mail of this kind before "+at(a.NoneBefore)+": the rule allows no more.")
	l.add(!last && over, "No more mail unless the threshold is reached again.")
	l.add(!last && !over && !a.Next.IsZero(), "The next mail comes when it ends or grows tenfold, and no later than "+at(a.Next)+".")
	l.add(a.Cooldown > 0, "Another incident gets its own mail no earlier than "+howLong(a.Cooldown)+" after the first mail of this one.")
	l.add(true, "Use Alerter.Mute during planned work.")
	l.add(true, fmt.Sprintf("Incident %s, mail no. %d", a.Incident, a.Number))
	return l
}

// threshold says when a mail is due.
func (a Alert) threshold() string {
	if a.Condition == Saturated && a.MaxDelay > 0 {
		return fmt.Sprintf("a wait above %s for %s", howLong(a.MaxDelay), howLong(saturatedFor))
	}
	return fmt.Sprintf("%d in %s", a.Limit, howLong(a.Within))
}

func (a Alert) latest() time.Time { return cmp.Or(a.Ended, a.Latest, a.Time) }

// span returns how long the incident has lasted.
func (a Alert) span() time.Duration { return a.latest().Sub(a.Since) }

func (a Alert) incidents() int { return max(a.Incidents, len(a.Unreported)) }

func (a Alert) color() string {
	switch {
	case a.isTest(), a.Phase == Resolved:
		return "#1a7f37"
	case a.Phase == Digest, a.Phase == Reminder:
		return "#9a6700"
	}
	return "#b3261e"
}

// number returns a rate: 15, 6.2.
func number(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") }

// many returns n and the noun, which takes an s unless n is 1.
func many(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func were(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// wrap breaks text into the lines of a mail, all but the first indented. A word that is
// too long for a line has its own.
func wrap(indent int, s string) string {
	var all []string
	room := 0 // in the last line
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		if n+1 > room {
			all, room = append(all, word), lineWidth-indent-n
			continue
		}
		all[len(all)-1] += " " + word
		room -= n + 1
	}
	return strings.Join(all, "\n"+strings.Repeat(" ", indent))
}

// at returns a point in time with its offset, and in UTC if that differs.
func at(t time.Time) string {
	const day = "2006-01-02 15:04:05"
	if _, offset := t.Zone(); offset == 0 {
		return t.Format(day) + " UTC"
	}
	return t.Format(day+" -07:00") + " (" + t.UTC().Format("15:04:05") + " UTC)"
}

// howLong returns a duration: 0.4 s, 12 s, 3 min 29 s, 2 h.
func howLong(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < 100*time.Millisecond:
		return "0.1 s"
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < time.Minute-time.Second/2:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	n, large, small := int(d.Round(time.Second).Seconds()), "min", "s"
	if d >= time.Hour-time.Second/2 {
		n, large, small = int(d.Round(time.Minute).Minutes()), "h", "min"
	}
	if n%60 == 0 {
		return fmt.Sprintf("%d %s", n/60, large)
	}
	return fmt.Sprintf("%d %s %d %s", n/60, large, n%60, small)
}
