package notify_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/notify"
)

const longToken = "ya29.a0AfH6SMBx-9vQ_7zLk2Jd0w+PqYc8Rt5nEoUiM1sXhGfDaKbVzC3NjT6"

// A server that repeats the login in any of its replies: neither error nor log nor
// dialogue shows it.
func TestServerThatRepeatsTheLogin(t *testing.T) {
	steps := []string{"greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "mail", "garbage"}
	for i, step := range steps {
		t.Run(step+", password", func(t *testing.T) {
			testRepeated(t, i, "PLAIN", "\x00"+mailUser+"\x00"+mailPassword, mailPassword, func(*notify.Email) {})
		})
		t.Run(step+", token", func(t *testing.T) {
			testRepeated(t, i, "XOAUTH2", "user="+mailUser+"\x01auth=Bearer "+longToken+"\x01\x01", longToken, func(e *notify.Email) {
				e.Password, e.Token = "", func(context.Context) (string, error) { return longToken, nil }
			})
		})
	}
}

func testRepeated(t *testing.T, step int, mechanism, response, secret string, change func(*notify.Email)) {
	b64 := base64.StdEncoding.EncodeToString([]byte(response))
	for _, said := range []string{
		secret, b64, url.QueryEscape(secret), hex.EncodeToString([]byte(secret)), fmt.Sprintf("%+q", secret),
		b64[:6] + "\n" + b64[6:13] + "\n" + b64[13:20] + "\n" + b64[20:],
	} {
		script := []string{"220 hi", "250-me\r\n250 AUTH " + mechanism, "235 ok", "250 ok", "250 ok", "354 go", "250 queued", "221 bye"}
		code := []string{"554", "550", "535", "550", "451", "554", "554", "what?"}[step]
		lines := strings.Split("debug transcript: AUTH "+mechanism+"\n"+said, "\n")
		if code == "what?" {
			script[3] = "what? " + strings.Join(lines, " ")
		} else {
			script[step] = code + "-" + strings.Join(lines, "\r\n"+code+"-") + "\r\n" + code + " refused"
		}
		if step == 1 {
			script = append(script[:2], script[1:]...) // HELO is the second try.
		}
		shown, err := send(t, script, change)
		wantError(t, err, nil)
		shown = squeeze(shown)
		user := (len(response) - len(secret)) * 8 / 6 // characters of base64 that are no secret
		for _, s := range []string{secret, b64[user:], strings.TrimPrefix(squeeze(said), b64[:user])} {
			s = squeeze(s)
			for i := range len(s) - 7 {
				if strings.Contains(shown, s[i:i+8]) {
					t.Fatalf("got %s with %q in it, want nothing of %q", shown, s[i:i+8], said)
				}
			}
		}
	}
}

// send has an Alerter send a mail to a server with that script, and returns the
// error, and all that is to be read anywhere.
func send(t *testing.T, script []string, change func(*notify.Email)) (shown string, err error) {
	var log, dialogue bytes.Buffer
	logger := zerolog.New(&log)
	e := loginAt(hungServer(t, script))
	e.Trace = &dialogue
	change(&e)
	a := notify.New(e, notify.Rule{Logger: &logger})
	burst(a, 20)
	err = a.Close()
	return fmt.Sprint(err) + log.String() + dialogue.String(), err
}

func squeeze(s string) string {
	for _, drop := range []string{"server: ", " ", "\n", `\n`} {
		s = strings.ReplaceAll(s, drop, "")
	}
	return s
}
