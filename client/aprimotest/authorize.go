package aprimotest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	authorizePath = "/login/connect/authorize"
	codeLifetime  = 5 * time.Minute
	defaultLogin  = "jane.doe" // who logs in at the authorize endpoint
)

// A code is what the authorize endpoint gives, once, for a token.
type code struct {
	grant
	redirect, challenge string
	end                 time.Time
}

// authorize logs the user in at once, and sends the browser back to the program.
func (k *tokens) authorize(w http.ResponseWriter, r *http.Request, login string) {
	query := r.URL.Query()
	back, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || !isCallback(back) || query.Get("client_id") == "" {
		writeJSON(w, http.StatusBadRequest, tokenError{"invalid_request", "client_id or redirect_uri is not valid; the redirect_uri must be https, or a loopback address"})
		return
	}
	answer := back.Query()
	if state := query.Get("state"); state != "" {
		answer.Set("state", state)
	}
	switch {
	case query.Get("response_type") != "code":
		answer.Set("error", "unsupported_response_type")
	case (query.Get("code_challenge") == "") != (query.Get("code_challenge_method") != "S256"): // without PKCE: neither
		answer.Set("error", "invalid_request")
	default:
		k.issued++
		id := fmt.Sprintf("code-%d", k.issued)
		answer.Set("code", id)
		k.codes[id] = code{
			grant:     grant{client: query.Get("client_id"), user: login, scope: query.Get("scope")},
			redirect:  query.Get("redirect_uri"),
			challenge: query.Get("code_challenge"),
			end:       time.Now().Add(codeLifetime),
		}
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// isCallback reports whether a program can be registered with an address: that of a site,
// as Umbraco's and Aprimo's editor tools are, or of a program on the user's machine.
func isCallback(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" && u.Host != "" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// exchange gives the grant of a code to the program that can show the verifier
// of its challenge, see RFC 7636, or its secret if there is no challenge.
func (k *tokens) exchange(form url.Values, client string, public bool) grant {
	c, ok := k.codes[form.Get("code")]
	delete(k.codes, form.Get("code"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	denied("invalid_grant").when(!ok || !time.Now().Before(c.end) || c.client != client || c.redirect != form.Get("redirect_uri") ||
		c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) && (c.challenge != "" || public), "")
	c.public = public
	return c.grant
}
