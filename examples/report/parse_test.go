package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const inner = `{"user.name":"anna","http.request.method":"GET","url.full":"https://acme.dam.aprimo.com/api/core/records","http.request.resend_count":0,"http.response.status_code":429,"aprimo.rate_limit.will_retry":true}`

var timed = `{"time":"2026-11-24T12:00:00+02:00",` + inner[1:]

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// wrapped are the forms in which other programs pass on a line.
var wrapped = map[string]string{
	"plain":            timed,
	"carriage return":  timed + "\r",
	"byte order mark":  "\uFEFF" + timed,
	"cri":              "2026-11-24T10:00:00.1Z stderr F " + timed,
	"syslog":           "<14>1 2026-11-24T10:00:00Z host app 1 - - " + timed,
	"compose":          "\x1b[36mapp-1  | \x1b[0m" + timed,
	"braces before":    "worker {7}: " + timed,
	"docker":           `{"log":` + quoted(timed+"\n") + `,"stream":"stderr","time":"2020-01-01T00:00:00Z"}`,
	"docker's time":    `{"log":` + quoted(inner+"\n") + `,"stream":"stderr","time":"2026-11-24T10:00:00Z"}`,
	"docker, prefixed": `{"log":` + quoted("app: "+timed+"\n") + `}`,
	"journald":         `{"MESSAGE":` + quoted(inner) + `,"__REALTIME_TIMESTAMP":"1795514400000000","PRIORITY":"6"}`,
	"slog's group":     `{"time":"2026-11-24T10:00:00Z","level":"WARN","msg":"Aprimo answered 429","any":` + inner + `}`,
	"groups in docker": `{"log":` + quoted(`{"a":{"b":`+timed+`}}`) + `}`,
	"event of its own": `{"event":{"dataset":"app.log"},"Event":7,` + timed[1:],
	"ts":               strings.Replace(timed, `"time"`, `"ts"`, 1),
	"timestamp":        strings.Replace(timed, `"time"`, `"timestamp"`, 1),
	"@timestamp":       strings.Replace(timed, `"time"`, `"@timestamp"`, 1),
	"other types":      `{"time":"2026-11-24T10:00:00Z","event":7,"message":` + quoted(inner) + `}`,
}

func TestParseWhatIsWrapped(t *testing.T) {
	for name, text := range wrapped {
		l, k := parse([]byte(text))
		if k != limited || l.User != "anna" || !l.Time.Equal(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)) || l.Time.Location() != time.UTC {
			t.Errorf("%s: got kind %d, %+v; want a 429 of anna at 10:00 UTC", name, k, l)
		}
	}
}

func TestParseKinds(t *testing.T) {
	for text, want := range map[string]kind{
		"":                        foreign,
		`{"message":"429 euros"}`: foreign,
		`{"http.response.status_code":503,"http.request.resend_count":1,"x":429}`: foreign,
		`{"http.response.status_code":"429"}`:                                     foreign,
		`{"other":` + quoted(inner) + `}`:                                         foreign,
		`2026-11-24 all went well`:                                                plain,
		`took {"a":1} to {b}`:                                                     plain,
		`handled {id}`:                                                            plain,
		`{"half`:                                                                  broken,
		timed[:len(timed)-9]:                                                      broken,
		"2026-11-24T10:00:00.1Z stderr P " + timed[:len(timed)-9]:                 broken,
		`{"log":` + quoted(timed[:len(timed)-9]) + `}`:                            broken,
		`{"event":"aprimo.429.summary","aprimo.429.suppressed":-1}`:               broken,
		`{"event":"aprimo.429.summary","aprimo.429.rest_users":[{"name":"x","count":9000000000000000000,"error":0}]}`:         broken,
		`{"event":"aprimo.429.summary","aprimo.429.rest_operations":[{"name":"GET /x","count":1,"error":0}]}`:                 broken,
		`{"event":"aprimo.429.summary","aprimo.429.suppressed":1,"aprimo.429.suppressed_given_up":2}`:                         broken,
		`{"event":"aprimo.429.summary","aprimo.429.suppressed":2,"aprimo.429.total":1}`:                                       broken,
		`{"event":"aprimo.429.summary","aprimo.429.suppressed":2,"aprimo.429.rest_users":[{"name":"x","count":1,"error":2}]}`: broken,
		`{"event":"aprimo.429.summary","aprimo.429.rest":[{"count":9000000000000000000},{"count":9000000000000000000}]}`:      broken,
		`{"event":"aprimo.429.summary","aprimo.429.suppressed":1,"aprimo.429.rest":[],"aprimo.429.rest_other":1}`:             summed,
		`app | {"event":"aprimo.429.summary","aprimo.429.suppressed":1,"aprimo.429.rest":[],"aprimo.429.rest_other":1}`:       summed,
		`{"g":{"event":"aprimo.429.summary","aprimo.429.suppressed":1,"aprimo.429.rest":[],"aprimo.429.rest_other":1}}`:       summed,
		`{"event":{"a":1},"event":"aprimo.429.summary","aprimo.429.suppressed":1,"event":"b"}`:                                summed,
		strings.Repeat(`{"a":`, 20_000) + `{"http.response.status_code":429}` + strings.Repeat("}", 20_000):                   broken,
		strings.Repeat(`{"a":`, 9) + `{"http.response.status_code":429,"http.request.resend_count":0}` + `}}}}}}}}}`:          foreign,
	} {
		if _, k := parse([]byte(text)); k != want {
			t.Errorf("%.200s: got kind %d, want %d", text, k, want)
		}
	}
}

// If nothing was found, the report says what it looks for.
func TestReportOfOtherLogs(t *testing.T) {
	r := reportOf(t, filter{}, "2026-11-24 started\n{\"message\":\"done\"}\n\n")
	out := tableOf(t, r)
	if r.Lines != 3 || r.NotJSON != 1 || !strings.Contains(out, status) || !strings.Contains(out, "not JSON: 1") || strings.Contains(out, "USERS") {
		t.Errorf("got %+v\n%s\nwant no tables, and what is looked for", r, out)
	}
}

func FuzzParse(f *testing.F) {
	for line := range strings.Lines(logOf(1) + oldSummary + newSummary + `{"http.response.status_code":"429"}` + "\n" + `{"time":1e300,"http.response.status_code":429,"http.request.resend_count":1}`) {
		f.Add([]byte(line))
	}
	for _, line := range wrapped {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tally := newTally(filter{})
		tally.line(text)
		r := tally.report()
		if r.Total < 0 || r.Lines != 1 || r.Total < r.Unnamed.Users {
			t.Errorf("got %+v, want one line and no negative counts", r)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
		tableOf(t, r)
	})
}
