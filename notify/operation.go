package notify

import (
	"net/url"
	"strings"
)

// operation returns what a request does, without saying to which thing: its
// method and path, with every identifier in the path replaced by {id}. So all
// downloads of records count as one operation. The query is dropped.
func operation(method, rawURL string) string {
	path := pathOf(rawURL)
	if len(path) > 1024 { // nobody's path; only maxText characters are kept anyway
		path = path[:1024]
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if isID(s) {
			segments[i] = "{id}"
		}
	}
	return clean(method+" "+strings.Join(segments, "/"), maxText)
}

// pathOf returns the path of a URL, which need not be a valid one. It does not
// decode it: an escaped slash is not a separator.
func pathOf(rawURL string) string {
	if i := strings.IndexAny(rawURL, "?#"); i >= 0 {
		rawURL = rawURL[:i]
	}
	if _, rest, ok := strings.Cut(rawURL, "://"); ok {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return "/"
		}
		return rest[i:]
	}
	return rawURL
}

// isID reports whether a path segment names one thing of many: it is a number,
// or it has a digit and is at least 20 characters long, as GUIDs and upload
// tokens are and no route of the API is. "REDACTED" is what the transport puts
// for an upload token.
func isID(s string) bool {
	digits := 0
	for i := range len(s) {
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	return s == "REDACTED" || digits > 0 && (digits == len(s) || len(s) >= 20)
}

// tenantOf returns the tenant that a request goes to: the first label of a host
// of Aprimo's, else the whole host.
func tenantOf(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return ""
	}
	host := u.Hostname()
	if name, ok := strings.CutSuffix(strings.ToLower(host), ".aprimo.com"); ok {
		host, _, _ = strings.Cut(name, ".")
	}
	return clean(host, maxText)
}
