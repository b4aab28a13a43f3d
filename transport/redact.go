package transport

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	redacted     = "REDACTED"
	maxURLLength = 1024
)

// safeURL returns a URL that may be written down: without a password, without
// the values of its query (searches name people, SAS signatures open files), and
// without the token that is part of the path of an upload.
func safeURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	var b strings.Builder
	if u.Scheme != "" {
		b.WriteString(u.Scheme + "://")
	}
	if u.User != nil {
		b.WriteString(redacted + "@")
	}
	b.WriteString(u.Host)
	if u.Opaque != "" {
		b.WriteString(redacted) // whatever it is, we don't know its parts
	} else {
		b.WriteString(safePath(u.EscapedPath()))
	}
	if u.RawQuery != "" {
		b.WriteString("?" + safeQuery(u.RawQuery))
	}
	s := b.String()
	if len(s) > maxURLLength {
		s = s[:maxURLLength] + "..."
	}
	return s
}

var uploadToken = regexp.MustCompile(`(?i)(/+uploads/+segments/+)[^/]+`)

func safePath(path string) string {
	if len(path) < len("/uploads/segments/") {
		return path
	}
	return uploadToken.ReplaceAllString(path, "${1}"+redacted)
}

// safeError returns an error that may be written down: net/http puts the whole
// URL into its own. It wraps the error, so errors.Is and errors.As see no
// difference.
func safeError(err error) error {
	text := ""
	walk(err, func(u *url.Error) {
		if text == "" {
			text = err.Error()
		}
		safe := redacted
		if parsed, parseErr := url.Parse(u.URL); parseErr == nil {
			safe = safeURL(parsed)
		}
		text = strings.ReplaceAll(strings.ReplaceAll(text, strconv.Quote(u.URL), strconv.Quote(safe)), u.URL, safe)
	})
	if text == "" {
		return err
	}
	return redactedError{text, err}
}

type redactedError struct {
	text string
	err  error
}

func (e redactedError) Error() string { return e.text }
func (e redactedError) Unwrap() error { return e.err }

// walk visits each *url.Error in an error's tree.
func walk(err error, visit func(*url.Error)) {
	if u, ok := err.(*url.Error); ok && u.URL != "" {
		visit(u)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		walk(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			walk(inner, visit)
		}
	}
}

// safeQuery keeps the names of the parameters and hides their values. A part
// without a value may be anything, and is hidden whole.
func safeQuery(query string) string {
	if query == "" {
		return ""
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		if name, _, ok := strings.Cut(part, "="); ok {
			parts[i] = name + "=" + redacted
		} else if part != "" {
			parts[i] = redacted
		}
	}
	return strings.Join(parts, "&")
}
