package auditlog

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const (
	maxError = 2048 // bytes of an error's text: a page of a gateway is longer, and says no more

	// minSecret is from how many bytes on a value of the request is looked for in an error's
	// text: a shorter one would hide half of the text, such as a status.
	minSecret = 4
)

// SafeError returns an error whose text has no secrets: what comes from a base may have the
// whole URL in it, in net/http's form or another, or a header. It hides what is known of
// the requests, the one of the caller and the one that was sent, wherever it stands; and
// in any URL, or what looks like a credential, what SafeURL would. It is one line and at
// most 2 KiB long. It wraps err, so errors.Is and errors.As see no difference.
func SafeError(err error, reqs ...*http.Request) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	safe := text
	for _, req := range reqs {
		if req != nil {
			safe = hideValues(safe, req)
		}
	}
	safe = foreignURL.ReplaceAllStringFunc(safe, safeForeignURL)
	safe = foreignQuery.ReplaceAllStringFunc(safe, safeForeignQuery)
	safe = uploadTokenInText.ReplaceAllString(safe, "${1}"+Redacted)
	safe = bearer.ReplaceAllString(safe, "${1}"+Redacted)
	safe = credential.ReplaceAllString(safe, "${1}"+Redacted)
	if len(safe) > maxError {
		safe = strings.ToValidUTF8(safe[:maxError], "") + "..."
	}
	safe = printable(strings.NewReplacer("\r\n", "; ", "\n", "; ").Replace(safe))
	if safe == text {
		return err
	}
	return redactedError{safe, err}
}

type redactedError struct {
	text string
	err  error
}

func (e redactedError) Error() string { return e.text }
func (e redactedError) Unwrap() error { return e.err }

var (
	// A URL ends where text goes on: at a blank, a quote, a bracket.
	foreignURL        = regexp.MustCompile("(?i)\\b[a-z][a-z0-9+.-]*:/+[^\\s\"'`<>{}|\\\\]+")
	foreignQuery      = regexp.MustCompile("\\?[^\\s\"'`<>?=&]+=[^\\s\"'`<>]*")
	uploadTokenInText = regexp.MustCompile("(?i)(/+uploads/+segments/+)[^/\\s\"'`?]+")

	// credential is a header's, a form's or a JSON's, or a JSON web token wherever it stands.
	// "basic authentication" and "password: wrong" are no credentials.
	bearer     = regexp.MustCompile(`(\b(?i:bearer|basic|negotiate|sharedaccesssignature)\s+)[a-z]*[0-9A-Z_~+/=][^\s"',;&\]}]*`)
	credential = regexp.MustCompile(`((?i:\b(?:access_token|refresh_token|id_token|client_secret|password|passwd|pwd|api[-_]?key|sig|signature)(?:["']\s*:\s*["'\[]*|\s*=\s*["']*|:\[))|` +
		`(?i:\b(?:cookie|api[-_]?key):\s*\[?)|` +
		`\beyJ[\w-]{6,}\.)[^\s"',;&\]}]+`)
)

// safeForeignURL hides what SafeURL does.
func safeForeignURL(text string) string {
	text, rest := withoutPunctuation(text)
	u, err := url.Parse(text)
	if err != nil {
		scheme, _, _ := strings.Cut(text, ":")
		return scheme + "://" + Redacted
	}
	return SafeURL(u) + rest
}

func safeForeignQuery(text string) string {
	text, rest := withoutPunctuation(text)
	return "?" + safeQuery(text[1:]) + rest
}

// withoutPunctuation splits off the signs at the end that may be the sentence's.
func withoutPunctuation(s string) (text, rest string) {
	end := len(strings.TrimRight(s, ".,:;!)]"))
	return s[:end], s[end:]
}

// hideValues replaces the values of a request's query, its password and its credentials.
func hideValues(text string, req *http.Request) string {
	var secrets []string
	if u := req.URL; u != nil {
		for part := range strings.SplitSeq(u.RawQuery, "&") {
			_, raw, named := strings.Cut(part, "=")
			if !named {
				raw = part
			}
			decoded, _ := url.QueryUnescape(raw)
			secrets = append(secrets, raw, decoded)
		}
		password, _ := u.User.Password()
		secrets = append(secrets, password)
	}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie", "Api-Key", "X-Api-Key"} {
		for _, value := range req.Header[name] {
			_, token, _ := strings.Cut(value, " ")
			secrets = append(secrets, value, token)
		}
	}
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			text = strings.ReplaceAll(text, secret, Redacted)
		}
	}
	return text
}
