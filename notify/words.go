package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// advice is what somebody can do, by level.
var advice = map[Level][]string{
	Throttled: {
		"See whether the users and operations above belong to a job that can do less, or run at another time. " +
			"Large download orders, transformations in orders and uploads of large files cost Aprimo most.",
		"The limit is the tenant's: other programs that use it count too. Look at what else runs at these times.",
		"Ask Aprimo to raise the limit, then set the same number in this program's limiter.",
	},
	Failing: {
		"The calls that were given up have not happened. See the log for each of them, and run the job again that made them.",
		"Calls are given up when all their attempts fail, or their time is over. Give them more time, or let fewer of them begin.",
	},
	Saturated: {
		"Nothing is lost yet: calls wait. Let large jobs begin later, or let them run with transport.Batch so that others go first.",
		"If the server is slow while this program sends little, others keep it busy. Look at what else runs at these times.",
	},
}

// title says what has happened.
func (a Alert) title() string {
	who, span := "this program", howLong(a.span())
	if len(a.Hosts) > 1 {
		who = "these programs"
	}
	what := fmt.Sprintf("Aprimo turned requests of %s away %s with status 429 (too many requests) within %s", who, many(a.Total, "time"), span)
	switch a.Level {
	case Failing:
		what = fmt.Sprintf("%s of %s %s given up after all attempts, within %s", many(a.Total, "call"), who, wasWere(a.Total), span)
	case Saturated:
		what = fmt.Sprintf("Requests of %s have waited long for %s: at Aprimo, or in our own queue", who, span)
	}
	switch a.Phase {
	case Escalated:
		return "There are ten times as many as the last mail said. " + what
	case Reminder:
		return "It still goes on. " + what
	case Resolved:
		return "It is over. " + what
	case Digest:
		return fmt.Sprintf("There %s %s since %s, not told of one by one: they came and went, or too soon after a mail, or mails were kept back. %s",
			wasWere(a.incidents()), many(a.incidents(), "incident"), at(a.Since), what)
	}
	return what
}

func wasWere(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// String returns the incident in one line.
func (s Summary) String() string {
	line := fmt.Sprintf("%s, %d, still going on", at(s.Since), s.Total)
	if !s.Ended.IsZero() {
		line = fmt.Sprintf("%s, %d within %s", at(s.Since), s.Total, howLong(s.Ended.Sub(s.Since)))
	}
	if s.Opened {
		line += "; a mail told of its beginning"
	}
	return line
}

func (a Alert) facts() []fact {
	f := []fact{{"First", at(a.Since)}}
	if !a.Ended.IsZero() {
		f = append(f, fact{"Last", at(a.Ended)}, fact{"Over at", at(a.Time)})
	} else {
		f = append(f, fact{"Last", at(a.latest())})
	}
	f = append(f, fact{"Mail due at", a.threshold()})
	if a.Peak > 0 {
		f = append(f, fact{"Worst", fmt.Sprintf("%s in one minute", many(a.Peak, "429"))})
	}
	if a.Tenant != "" {
		f = append(f, fact{"Tenant", a.Tenant})
	}
	f = append(f, fact{"Program", fmt.Sprintf("process %d on %s", a.PID, a.Host)})
	if a.Alone {
		f = append(f, fact{"Alone", "the Store could not be reached: this is about one process"})
	}
	if a.Number > 1 && a.Phase != Digest {
		going := "still going on"
		if a.Phase == Resolved {
			going = "over"
		}
		f = append(f, fact{"Incident", fmt.Sprintf("%s; this is mail no. %d about it", going, a.Number)})
	}
	if !a.Previous.IsZero() {
		f = append(f, fact{"Last mail", at(a.Previous)})
	}
	if a.Suppressed > 0 && a.Phase != Digest {
		f = append(f, fact{"Meanwhile", fmt.Sprintf("%d in incidents that had no mail", a.Suppressed)})
	}
	return f
}

func (a Alert) outcome() []string {
	var lines []string
	if a.Lost+a.Recovered+a.Refused == 0 {
		lines = append(lines, "No call was given up so far.")
	} else {
		lines = append(lines, many(a.Lost, "call")+" given up (the caller got the error)",
			many(a.Recovered, "call")+" succeeded at a later attempt",
			many(a.Refused, "call")+" turned away by this program itself, never sent")
	}
	return append(lines, many(a.Queued, "call")+" waiting in this program at the last of them")
}

// share says who used up the tenant's limit.
func (a Alert) share() string {
	switch {
	case a.Rate+a.Others <= 0:
		return ""
	case a.Rate < 0.05:
		return fmt.Sprintf("While Aprimo rejected requests it served %s a second. None of those that waited there were ours: others used all of it.",
			number(a.TenantRate))
	case a.Others < 0.5:
		return fmt.Sprintf("While Aprimo rejected requests it served %s a second. All of them can have been ours: nobody else need have used it.",
			number(a.TenantRate))
	}
	return fmt.Sprintf("While Aprimo rejected requests it served %s a second. We got %s at most, so others took %s at least.",
		number(a.TenantRate), number(a.Rate), number(a.Others))
}

func (a Alert) actions() []string {
	var lines []string
	if a.Paused > 0 {
		lines = append(lines, "It held back all its calls, "+many(a.Paused, "time")+".")
	}
	if a.ServerDelay > 0 {
		lines = append(lines, "It sent no more than the server could begin: requests waited "+howLong(a.ServerDelay)+" there.")
	}
	switch {
	case a.Phase == Resolved || a.Phase == Digest: // what was due then has been done
	case a.Delay > 0:
		lines = append(lines, "The last request is sent again after "+howLong(a.Delay)+", and so on for the others.")
	case a.Level == Throttled:
		lines = append(lines, "The last request is not sent again.")
	}
	return lines
}

func (a Alert) foot() []string {
	lines := []string{fmt.Sprintf("Sent by process %d on %s.", a.PID, a.Host),
		"The rule for a first mail: " + a.threshold() + "."}
	switch {
	case !a.NoneBefore.IsZero():
		lines = append(lines, "This is the last mail of this kind before "+at(a.NoneBefore)+", whatever happens: there have been as many as the rule allows.")
	case a.Phase == Resolved || a.Phase == Digest && a.Next.IsZero():
		lines = append(lines, "Until there are as many again no mail comes.")
	case !a.Next.IsZero():
		lines = append(lines, "The next mail comes when it is over or ten times as much, else at "+at(a.Next)+".")
	}
	if a.Cooldown > 0 {
		lines = append(lines, "Another incident has its own mail "+howLong(a.Cooldown)+" after the first mail of this one at the earliest.")
	}
	return append(lines, "During work that was announced, the program's Alerter.Mute keeps alerts back.",
		fmt.Sprintf("Incident %s, mail no. %d", a.Incident, a.Number))
}

// threshold says when a mail is due.
func (a Alert) threshold() string {
	if a.Level == Saturated && a.MaxDelay > 0 {
		return fmt.Sprintf("a wait above %s for %s", howLong(a.MaxDelay), howLong(saturatedFor))
	}
	return fmt.Sprintf("%d within %s", a.Limit, howLong(a.Within))
}

func (a Alert) latest() time.Time {
	if a.Latest.IsZero() {
		return a.Time
	}
	return a.Latest
}

func (a Alert) incidents() int { return max(a.Incidents, len(a.Untold)) }

func (a Alert) color() string {
	switch a.Phase {
	case Resolved:
		return "#1a7f37"
	case Digest, Reminder:
		return "#9a6700"
	}
	return "#b3261e"
}

// number returns a rate as people write it: 15, 6.2.
func number(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") }

// many returns n and the noun, which takes an s unless n is 1.
func many(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// wrap breaks text into lines of a mail, all but the first indented. A word that
// is too long for a line stands alone.
func wrap(indent int, s string) string {
	var b strings.Builder
	room := lineWidth - indent
	for i, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case n+1 > room:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			room = lineWidth - indent
		default:
			b.WriteByte(' ')
			room--
		}
		b.WriteString(word)
		room -= n
	}
	return b.String()
}

// at returns a point in time with its offset, and in UTC too if that differs.
func at(t time.Time) string {
	const day = "2006-01-02 15:04:05"
	if _, offset := t.Zone(); offset == 0 {
		return t.Format(day) + " UTC"
	}
	return t.Format(day+" -07:00") + " (" + t.UTC().Format("15:04:05") + " UTC)"
}

// howLong returns a duration as people write it: 0.4 s, 12 s, 3 min 29 s, 2 h.
func howLong(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < 100*time.Millisecond:
		return "0.1 s"
	case d < 10*time.Second:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
	case d < time.Minute-time.Second/2:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour-time.Second/2:
		s := int(d.Round(time.Second).Seconds())
		return twoUnits(s/60, "min", s%60, "s")
	}
	m := int(d.Round(time.Minute).Minutes())
	return twoUnits(m/60, "h", m%60, "min")
}

func twoUnits(a int, unitA string, b int, unitB string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, unitA)
	}
	return fmt.Sprintf("%d %s %d %s", a, unitA, b, unitB)
}
