package client

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// never is the end of a token that does not tell.
var never = time.Unix(1<<40, 0)

// expiry returns when a token ends: as its answer said (expires_in), or its own
// claim exp (RFC 7519).
func expiry(t *oauth2.Token) time.Time {
	if !t.Expiry.IsZero() {
		return t.Expiry
	}
	parts := strings.Split(t.AccessToken, ".")
	if len(parts) != 3 {
		return never
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return never
	}
	var claims struct {
		End float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.End <= 0 || claims.End >= float64(never.Unix()) {
		return never
	}
	return time.Unix(int64(claims.End), 0)
}
