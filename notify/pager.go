package notify

import (
	"encoding/json"
	"slices"
	"time"
)

// A pager keeps incidents open until it gets their end. Each of ours has a key,
// its ID, so that it is opened and resolved once, however often a change is sent.

// expires is how long Alertmanager keeps an incident open after the next reminder is due, or
// if there are no reminders: a program that has died resolves nothing.
const expires = 24 * time.Hour

// A change opens or resolves one incident.
type change struct {
	Summary
	text string
}

// changes returns what an alert changes, first what is open: if a request fails, that is not
// late.
func (a Alert) changes() (all []change) {
	for _, s := range a.Unreported {
		text := many(s.Total, "event")
		if s.Lost > 0 {
			text += ", " + many(s.Lost, "call") + " given up"
		}
		all = append(all, change{s, text})
	}
	own := change{Summary{Incident: a.Incident, Since: a.Since, Opened: true}, a.Subject()}
	switch {
	case a.isTest():
		own.Ended, own.Opened = a.Time, false
	case a.Phase == Resolved:
		own.Ended = later(a.Ended, a.Since)
	}
	if a.Phase != Digest || a.isTest() {
		all = append(all, own)
	}
	slices.SortStableFunc(all, func(a, b change) int { return a.Ended.Compare(b.Ended) })
	return all
}

// sharesIncident reports whether two alerts report a change of the same incident.
func (a Alert) sharesIncident(o Alert) bool {
	ids := o.incidentIDs()
	return slices.ContainsFunc(a.incidentIDs(), func(id string) bool { return slices.Contains(ids, id) })
}

// incidentIDs returns the IDs of the incidents that an alert reports.
func (a Alert) incidentIDs() []string {
	ids := []string{a.Incident}
	for _, s := range a.Unreported {
		ids = append(ids, s.Incident)
	}
	return ids
}

// A posting is one request to a webhook. Its name identifies it among those of an alert.
type posting struct {
	name string
	body []byte
}

// severities are those of PagerDuty.
var severities = map[Condition]string{Failing: "critical", Refusing: "error", Throttled: "warning", Saturated: "warning"}

// alertmanager returns one posting with all changes. The labels are what Alertmanager knows an
// alert by: they must be the same when it is opened and resolved.
func (a Alert) alertmanager() []posting {
	var alerts []object
	for _, c := range a.changes() {
		ends := c.Ended
		switch {
		case a.isTest():
			ends = a.Time.Add(5 * time.Minute) // or nobody would see it
		case ends.IsZero():
			ends = later(a.Time, a.Next).Add(expires)
		}
		alerts = append(alerts, object{
			"labels": object{
				"alertname": "AprimoIncident", "tenant": a.Tenant, "condition": string(a.Condition),
				"severity": severities[a.Condition], "incident": c.Incident,
			},
			"annotations": object{"summary": c.text, "description": a.page().Title, "host": a.Host},
			"startsAt":    c.Since.UTC().Format(time.RFC3339Nano),
			"endsAt":      ends.UTC().Format(time.RFC3339Nano),
		})
	}
	if len(alerts) == 0 {
		return nil
	}
	body, _ := json.Marshal(alerts)
	return []posting{{"alerts", body}}
}

// pagerDuty returns a posting for each incident that is opened or resolved. One that is over
// before it was reported is opened with the severity info, which need not wake anybody.
func (a Alert) pagerDuty(key string) (all []posting) {
	event := func(c change, action, severity string) {
		e := object{"routing_key": key, "event_action": action, "dedup_key": c.Incident}
		if action == "trigger" {
			e["payload"] = object{
				"summary": clean(c.text, 1024), "source": clean(a.Tenant+" "+a.Host, 255), "severity": severity,
				"timestamp": c.Since.UTC().Format(time.RFC3339Nano), "component": "Aprimo", "class": string(a.Condition),
				"custom_details": object{"what": a.page().Title, "events": a.Total, "lost": a.Lost, "tenant": a.Tenant},
			}
		}
		body, _ := json.Marshal(e)
		all = append(all, posting{action + " " + c.Incident, body})
	}
	for _, c := range a.changes() {
		if c.Ended.IsZero() {
			event(c, "trigger", severities[a.Condition])
			continue
		}
		if !c.Opened {
			event(c, "trigger", "info")
		}
		event(c, "resolve", "")
	}
	return all
}
