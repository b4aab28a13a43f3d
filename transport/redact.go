package transport

import (
	"net/url"
	"strings"
)

const (
	redacted     = "REDACTED"
	uploadPath   = "/uploads/segments/"
	maxURLLength = 1024
)

// safeURL returns a URL that may be written down: without a password, without
// the values of its query (searches name people, SAS signatures open files), and
// without the token that is part of the path of an upload.
func safeURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	safe := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath, Opaque: u.Opaque}
	if before, token, ok := strings.Cut(u.EscapedPath(), uploadPath); ok {
		_, rest, more := strings.Cut(token, "/")
		safe.Path, safe.RawPath = before+uploadPath+redacted, ""
		if more {
			safe.Path += "/" + rest
		}
	}
	if u.User != nil {
		safe.User = url.User(redacted)
	}
	safe.RawQuery = safeQuery(u.RawQuery)
	s := safe.String()
	if len(s) > maxURLLength {
		s = s[:maxURLLength] + "..."
	}
	return s
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
