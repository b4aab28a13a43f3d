package client

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

var dashedGUID = regexp.MustCompile(`^\{?[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$`)

// bareID returns an id as the API has it. People copy ids with dashes from the
// user interface, and those are not found in a path.
func bareID(id string) string {
	if dashedGUID.MatchString(id) {
		return strings.ToLower(strings.Trim(strings.ReplaceAll(id, "-", ""), "{}"))
	}
	return id
}

// joinPath appends segments to a base URL. What a caller gives as an id stays one
// segment, whatever is in it.
func joinPath(base *url.URL, segments []string) (*url.URL, error) {
	var path strings.Builder
	path.WriteString(base.EscapedPath())
	for i, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return nil, fmt.Errorf("%q is not an id (after %q)", segment, strings.Join(segments[:i], "/"))
		}
		path.WriteString("/" + url.PathEscape(bareID(segment)))
	}
	u, err := url.Parse(path.String())
	if err != nil {
		return nil, err
	}
	return base.ResolveReference(u), nil
}

// resolve reads a link that the server gave. Links may be relative, and lead to no
// other host: the token goes where they lead.
func resolve(base *url.URL, link string) (*url.URL, error) {
	ref, err := url.Parse(link)
	if err != nil {
		return nil, fmt.Errorf("the server gave a link that cannot be read")
	}
	u := base.ResolveReference(ref)
	if u.Scheme != base.Scheme || !strings.EqualFold(u.Host, base.Host) || u.User != nil {
		return nil, fmt.Errorf("the server gave a link to %s://%s, where no token of %s://%s is sent", u.Scheme, u.Host, base.Scheme, base.Host)
	}
	return u, nil
}
