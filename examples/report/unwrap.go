package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// maxDepth is how many things a line may be wrapped in, such as a group of slog in a
// line of docker.
const maxDepth = 3

// parse reads a line. Most lines of a log are about other things: they are looked at,
// not taken apart. What is before the JSON is left out: the prefix of a container
// runtime or of syslog, a byte order mark.
func parse(text []byte) (line, kind) { return parseInside(text, maxDepth) }

func parseInside(text []byte, depth int) (line, kind) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return line{}, foreign
	}
	begin := 0
	if text[0] != '{' {
		if begin = bytes.Index(text, []byte(`{"`)); begin < 0 {
			return line{}, plain
		}
	}
	text = text[begin:]
	switch {
	case mayTell(text):
		return unwrap(text, depth)
	case json.Valid(text):
		return line{}, foreign
	case begin > 0: // a text that has a brace somewhere
		return line{}, plain
	}
	return line{}, broken
}

// mayTell tells whether a text may be about 429s. It does not miss any.
func mayTell(text []byte) bool {
	return bytes.Contains(text, []byte("429")) &&
		(bytes.Contains(text, []byte(status)) || bytes.Contains(text, []byte(summary)))
}

// unwrap reads JSON, or what is wrapped in it.
func unwrap(text []byte, depth int) (line, kind) {
	var l line
	err := json.Unmarshal(text, &l)
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return l, broken
	}
	l.Time = l.at()
	if err == nil {
		if k := l.kind(); k != foreign {
			return l, k
		}
	}
	if depth == 0 {
		return l, foreign
	}
	inner, k := inside(text, depth-1)
	if inner.Time.IsZero() {
		inner.Time = l.Time
	}
	return inner, k
}

// inside looks for a 429 in the texts that docker, journald and others wrap a line in,
// and in all objects, since slog's groups have any name.
func inside(text []byte, depth int) (l line, k kind) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return l, broken
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		value := fields[name]
		if !mayTell(value) {
			continue
		}
		var wrapped string
		switch {
		case value[0] == '{':
			l, k = unwrap(value, depth)
		case slices.Contains([]string{"log", "MESSAGE", "message", "textPayload"}, name) && json.Unmarshal(value, &wrapped) == nil:
			l, k = parseInside([]byte(wrapped), depth)
		}
		if k == limited || k == summed || k == broken {
			break
		}
		k = foreign
	}
	if l.Time.IsZero() {
		_ = l.Time.UnmarshalJSON(fields["__REALTIME_TIMESTAMP"])
	}
	return l, k
}
