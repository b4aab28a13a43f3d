package auditlog

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

const (
	maxError   = 2048 // bytes of an error's text: a page of a gateway is longer, and says no more
	maxForeign = 4096 // bytes of a text in which secrets are looked for

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
	safe = Redact(safe)
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

// Redact returns a text from outside without what may be a secret: in URLs what SafeURL hides,
// credentials by their names, and tokens by their form. Status and error codes and host names
// stay. It keeps at most 4 KiB, so that a long text costs little.
func Redact(text string) string {
	if len(text) > maxForeign {
		text = strings.ToValidUTF8(text[:maxForeign], "") + "..."
	}
	text = foreignURL.ReplaceAllStringFunc(text, safeForeignURL)
	text = escapedURL.ReplaceAllStringFunc(text, safeEscapedURL)
	text = foreignQuery.ReplaceAllStringFunc(text, safeForeignQuery)
	text = userinfo.ReplaceAllStringFunc(text, safeUserinfo)
	text = uploadTokenInText.ReplaceAllString(text, "${1}${2}"+Redacted)
	text = webhook.ReplaceAllString(text, "${1}"+Redacted)
	text = privateKey.ReplaceAllString(text, "${1}"+Redacted+"${2}")
	text = badPort.ReplaceAllString(text, "${1}"+Redacted)
	text = commandArgs.ReplaceAllString(text, "${1} "+Redacted)
	text = issued.ReplaceAllString(text, Redacted)
	text = quotedUser.ReplaceAllString(text, "${1}${2}"+Redacted)
	text = hideIf(text, userOption, isNoNumber)
	text = quotedValue.ReplaceAllString(text, "${1}${2}"+Redacted)
	text = hideIf(text, optionValue, isNoWord)
	if !maySecret.MatchString(text) {
		return hideIf(hideIf(text, bearer, isToken), code, isNoErrorCode)
	}
	text = quotedText.ReplaceAllString(text, "${1}${2}${3}${4}"+Redacted)
	text = element.ReplaceAllString(text, "${1}"+Redacted+"${2}")
	text = valued.ReplaceAllString(text, "${1}${2}${3}${4}"+Redacted)
	text = bracketed.ReplaceAllString(text, "${1}"+Redacted)
	text = authorization.ReplaceAllString(text, "${1}${2}"+Redacted)
	text = cookie.ReplaceAllString(text, "${1}"+Redacted)
	text = hideIf(text, bearer, isToken)
	text = credential.ReplaceAllString(text, "${1}"+Redacted)
	text = signInCode.ReplaceAllString(text, "${1}"+Redacted+"${2}")
	text = hideIf(text, code, isNoErrorCode)
	text = hideIf(text, printed, isNoNumber)
	text = hideIf(text, login, isToken)
	text = hideIf(text, basicAuth, isEncoded)
	text = hideIf(text, stated, isNoProse)
	return hideIf(text, named, hasLettersAndDigits)
}

const (
	bare = `\\*[^\s"',;&\[\]{}\\][^\s"',;&\]}]*`

	// A character in quotes. In JSON that %q printed the quotes have a backslash themselves.
	inDouble  = `(?:[^"\\]|\\.)`
	inSingle  = `(?:[^'\\]|\\.)`
	inEscaped = `(?:[^"\\]|\\\\\\?.)`

	// secretName is how the name of a secret ends, in a form, a header, or a connection string.
	secretWord = `token|secret|password|passwd|passphrase|passcode|pwd|signature|credential|assertion|verifier|sess(?:ion)?_?id|aspxauth|` +
		`samlresponse|(?:device|auth|authorization)_code|` +
		`(?:api|access|account|subscription|functions|private|secret|shared|signing|encryption|master|routing|integration)[-_ ]?key`
	// The short ones end a name only as a word of it.
	secretName = `(?:[\w.-]*(?:` + secretWord + `)|(?:\b|[\w.-]*[._-])(?:sig|pass|jwt|otp)|(?:u0026|%(?:25)*(?:26|3f))sig)`
	headerName = `(?:[\w-]*(?:authorization|cookie)|(?:[\w-]*[-_])?auth)`

	// A name has a quote on both sides or none: a URL that is quoted may end in /token.
	quotedName = `\\?["'](?:` + secretName + `|` + headerName + `)\\?["']\s*:\s*`

	scheme = `(?:bearer|basic|digest|negotiate|ntlm|hawk|apikey|token|hmac|aws4-hmac-sha256|sharedkey|sharedkeylite|sharedaccesssignature)[ \t]+`
	param  = `[\w.-]+=(?:"` + inDouble + `*"?|[^\s"',]*)`

	// option is what stands before a user's name and password in a command.
	option = `(?:(?:^|[\s"'\[])(?:-[uU]|--(?:proxy-)?user)["',\s=]+?|\bcurl\s(?:[^;&|\n]*?\s)?-[uU])`

	// secretOption is what stands before a secret of its own there: -p is a port elsewhere.
	secretOption = `(?:(?:^|[\s"'\[])--?(?i:[\w-]*(?:` + secretWord + `|-pass))["'\s,=]+?|` +
		`(?:\bsshpass|\bmysql\w*|\bmongo\w*|\blogin|\s(?:-u|--user(?:name)?)[\s=]+\S+)\s(?:[^;&|\n]*?\s)?-p\s*|\bredis-cli\s(?:[^;&|\n]*?\s)?-a\s+)`
)

var (
	// A URL ends where text goes on: at a blank, a quote, a bracket.
	foreignURL        = regexp.MustCompile("(?i)\\b[a-z][a-z0-9+.-]*:/+[^\\s\"'`<>{}|\\\\]+")
	escapedURL        = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*%3A%2F%2F[^\s"'&<>]*`)
	escapedQuery      = regexp.MustCompile(`(?i)(%3F).*`)
	foreignQuery      = regexp.MustCompile("\\?[^\\s\"'`<>?=&]+=[^\\s\"'`<>]*")
	userinfo          = regexp.MustCompile("[\\w.+%~-]*:[^\\s\"'`<>/@]+@")
	uploadTokenInText = regexp.MustCompile("(?i)(/+uploads/+segments/+)[^/\\s\"'`?]+|(/+uploads/+)[^/\\s\"'`?]{8,}[^/\\s\"'`?.,:;!)\\]]")

	// webhook is a URL whose path is the secret.
	webhook = regexp.MustCompile("(?i)(:\\\\?/\\\\?/(?:hooks\\.(?:slack|zapier)\\.com|[\\w-]+\\.webhook\\.office\\.com|outlook\\.office(?:365)?\\.com\\\\?/webhook|" +
		"(?:[\\w-]+\\.)*discord(?:app)?\\.com\\\\?/api\\\\?/webhooks|api\\.telegram\\.org)\\\\?/)[^\\s\"'`<>?]*[^\\s\"'`<>?.,:;!)\\]]")
	privateKey = regexp.MustCompile(`(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END|$)`)

	// maySecret is what every text has that a form below matches, but for bearer and code.
	maySecret = regexp.MustCompile(`(?i)` + secretWord + `|sig|pass|jwt|otp|key|eyj|state=|auth|cookie|bearer=`)

	// badPort is what url.Parse takes for a port: of a password that is not escaped, a part.
	badPort = regexp.MustCompile(`(invalid port ")[^"]*`)
	// commandArgs is what Redis repeats of a command that it does not know, such as AUTH or HELLO.
	commandArgs = regexp.MustCompile("(?s)(, with args beginning with:).*")
	// issued are tokens that begin with the name of what they are for, so that they can be found.
	issued = regexp.MustCompile(`\b(?:xox[a-z]-|gh[a-z]_|github_pat_|glpat-|sk[-_]|ya29\.|SG\.|AIza|AKIA|ASIA)[\w.-]{12,}`)

	// element is of XML or HTML, also one that is escaped; valued is a name and a value that are two
	// members or attributes.
	element = regexp.MustCompile(`(?is)((?:<|&lt;)(?:[\w.-]+:)?(?:` + secretName + `|awsaccesskeyid|signatureprovided)(?:\s[^<>&]*)?(?:>|&gt;))(?:[^<>&]+((?:<|&lt;)/)|[^<>&\s]+$)`)
	valued  = regexp.MustCompile(`(?is)(\\?["']` + secretName + `\\?["']\s*,?\s*\\?["']?\w*value\\?["']?\s*[:=]\s*)` +
		`(?:(\\")` + inEscaped + `+|(")` + inDouble + `+|(')` + inSingle + `+)`)

	// quotedText and bracketed are what has a name and ends at a quote or a bracket, whatever
	// stands between: in JSON, and in a header that %v or %#v printed.
	quotedText = regexp.MustCompile(`(?is)(` + quotedName + `|(?:` + secretName + `|authorization|cookie)\s*[:=]\s*)` +
		`(?:(\\")` + inEscaped + `+|(")` + inDouble + `+|(')` + inSingle + `+)`)
	bracketed = regexp.MustCompile(`(?is)((?:` + quotedName + `|(?:` + secretName + `|authorization|cookie)[:=])` +
		`(?:\[(?:\]\w+(?: \{\})?\{)?|\{))(?:\\"` + inEscaped + `*\\"|"` + inDouble + `*"?|[^"\]}])+`)

	// After the header's name anything is a secret, except a status.
	authorization = regexp.MustCompile(`(?is)(authorization\s*[:=]\s*)(?:(` + scheme + `)(?:"` + inDouble + `*"?|'` + inSingle + `*'?|` +
		param + `(?:,\s*` + param + `)*|` + bare + `)|[a-z][\w-]*[ \t]+[^\s"',;&\]}]{6,}|[^\s"',;&\[\]{}]{4,})`)
	cookie = regexp.MustCompile(`(?is)(cookie\s*[:=]\s*)` + bare + `(?:"` + inDouble + `*"?)?` +
		`(?:(?:;\s*[^\s"',;&\]}=]+)*;\s*[^\s"',;&\]}=]+=(?:"` + inDouble + `*"?|` + bare + `)?)*`)

	// credential is a form's, a JSON's, or a JSON web token wherever it stands.
	credential = regexp.MustCompile(`((?i:` + quotedName + `|(?:` + secretName + `|\bbearer)(?:\s*=\s*|%(?:25)*3d)|\bapi[-_]?key:\s*|` +
		`\bx-[\w-]*(?:token|key|secret|signature):\s*|\bstate=[^\s"'&]*&code=)|\beyJ[\w-]{6,}\.)` + bare)
	signInCode = regexp.MustCompile(`(?i)(\bcode=)[^\s"'&]+(&(?:[^\s"'&]*&)*(?:session_)?state=)`)

	// These may be prose, such as "basic authentication", "code=503" and "password: wrong".
	bearer = regexp.MustCompile(`(?i)(\b(?:bearer|basic|negotiate|sharedaccesssignature)(?:[ \t]+|%20|\+)\\?["']?)([^\s"',;&\\\]}]+)`)
	code   = regexp.MustCompile(`(?i)(\bcode=)([^\s"',;&\]}]{8,})`)
	named  = regexp.MustCompile(`(?i)((?:["']` + secretName + `["']|` + secretName + `)(?:\s+(?:is|was))?[\s:]+["'\[]?|\bauth\s+\[?(?:[\w-]+\s+)?)([^\s"',;&\]}]{6,})`)

	// userOption is an argument of curl: a user and a password, which may have blanks if it is quoted.
	userOption = regexp.MustCompile(`(` + option + `[^\s"':/]+:)([^\s"'/][^\s"']*)`)
	quotedUser = regexp.MustCompile(`(` + option + `"[^\s":]+:)[^"\n]+|(` + option + `'[^\s':]+:)[^'\n]+`)

	// optionValue is such a secret; in quotes it may have blanks.
	optionValue = regexp.MustCompile(`(` + secretOption + `)([^\s"',;-](?:[^\s"',;\]]*[^\s"',;\]:.])?)`)
	quotedValue = regexp.MustCompile(`(` + secretOption + `")[^"\n,]+|(` + secretOption + `')[^'\n,]+`)

	// stated is a name and all that a line says of it. After "token" alone parsers say what it is.
	stated = regexp.MustCompile(`(?im)(\b[\w.-]*(?:[\w.-]token|secret|password|passwd|passphrase|passcode|pwd)\s*:[ \t]*)([^\s"',;&\]})][^\n"',;&\]})]*)`)
	// prose is a word that says what is the matter, or an error code, such as NotFound and invalid_grant.
	prose = regexp.MustCompile(`^(?:(?i:un|in|mis|no)\w+|\w+(?:ed|ing)|(?i:wrong|empty|forbidden|timeout|failure|correct|localhost|string|number|object)|(?:[A-Z]+[a-z]+){2,}|[A-Z]+)$`)

	// words may follow the name of an option in a sentence.
	words = regexp.MustCompile(`^(?:instead|option|argument|before|without|because|should|cannot|requires?|variable|setting|expects)$`)

	// basicAuth is a header's value without the header's whole name.
	basicAuth = regexp.MustCompile(`(?i)(\bauth\s*:\s*)([^\s"',;&\]})]+)`)
	encoded   = regexp.MustCompile(`^[A-Za-z0-9+_-][A-Za-z0-9+/_-]{7,}=*$`)

	// secretHeader is the name of a header whose value is a secret.
	secretHeader = regexp.MustCompile(`(?i)(?:` + secretName + `|` + headerName + `)$`)

	// printed is a member of a map or a struct that %v printed. There is no blank, as in prose.
	printed = regexp.MustCompile(`(?i)([{\[ ]\w*(?:` + secretWord + `):)([^\s"',;&\[\]{}<>/]+)`)
	// login is the response of a client to SMTP, in base64.
	login = regexp.MustCompile(`(?i)(\bauth\s+(?:plain|login|xoauth2|oauthbearer|cram-md5|ntlm|external|scram-[\w-]+)\s+)([^\s"',;&]+)`)

	// errorCode is one of a service, such as 503, 0x80131904, E1015 or invalid_grant.
	errorCode = regexp.MustCompile(`^(?:0x[0-9a-fA-F]+|[A-Za-z_.-]*\d*)$`)
	// challenge is a parameter of WWW-Authenticate, such as realm="x".
	challenge = regexp.MustCompile(`^[a-z_]+=[^=]*$`)
	mixedCase = regexp.MustCompile(`[a-z][A-Z]`)
)

// hideIf hides the value, the second group of a form, if it is a secret.
func hideIf(text string, form *regexp.Regexp, secret func(value string) bool) string {
	return form.ReplaceAllStringFunc(text, func(found string) string {
		value := form.FindStringSubmatch(found)[2]
		if !secret(value) {
			return found
		}
		return strings.TrimSuffix(found, value) + Redacted
	})
}

// isToken reports whether a word after "Bearer" or "Basic" looks like a token, not like prose,
// a status, or a parameter of a challenge.
func isToken(word string) bool {
	switch {
	case challenge.MatchString(word):
		return false
	case hasLettersAndDigits(word), mixedCase.MatchString(word), strings.ContainsAny(word, "_~+/="):
		return true
	}
	return len(word) >= 16
}

func isNoErrorCode(value string) bool {
	return !errorCode.MatchString(strings.TrimRight(value, ".:!)"))
}

// isNoProse tells a secret of one word from what is said of one.
func isNoProse(value string) bool {
	word := strings.TrimRight(value, " \t\r.:!")
	return len(word) >= 6 && !strings.ContainsAny(word, " \t_.:/=<>") && word != Redacted && !prose.MatchString(word)
}

// isNoWord tells the value of an option from what is said of the option.
func isNoWord(value string) bool {
	return isNoProse(value) && !words.MatchString(value) || isToken(value)
}

// isEncoded tells base64 from a word, an error code or a path.
func isEncoded(value string) bool {
	return isToken(value) && encoded.MatchString(value) && !prose.MatchString(value) && (mixedCase.MatchString(value) || isNoErrorCode(value))
}

// isNoNumber tells a secret from a port, a status or a count.
func isNoNumber(value string) bool {
	return len(value) > 5 || strings.Trim(value, "0123456789:.,;)") != ""
}

// hasLettersAndDigits tells "3f9a01bc" in "token 3f9a01bc is unknown" from a word or a number.
func hasLettersAndDigits(word string) bool {
	return strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, unicode.IsLetter)
}

// safeUserinfo hides a user and a password before a host. An address of mail has none.
func safeUserinfo(text string) string {
	name, _, _ := strings.Cut(text, ":")
	switch strings.ToLower(name) {
	case "mailto", "to", "from", "cc", "bcc":
		return text
	}
	return Redacted + "@"
}

// safeEscapedURL hides the query of a URL that is a value of another one.
func safeEscapedURL(text string) string {
	scheme, rest, _ := strings.Cut(text, "%")
	rest = escapedQuery.ReplaceAllString(rest, "${1}"+Redacted)
	if strings.Contains(rest, "%40") {
		rest = "3A%2F%2F" + Redacted
	}
	return scheme + "%" + rest
}

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
	for name, values := range req.Header {
		if !secretHeader.MatchString(name) {
			continue
		}
		for _, value := range values {
			_, token, _ := strings.Cut(value, " ")
			secrets = append(secrets, value, token)
		}
	}
	_, password, _ := req.BasicAuth()
	secrets = append(secrets, password)
	for _, cookie := range req.Cookies() {
		secrets = append(secrets, cookie.Value)
	}
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret)} {
			text = strings.ReplaceAll(text, form, Redacted)
		}
	}
	return text
}
