package auditlog

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const (
	query = "filter=Patient%3DS3cret%20Name&sig=S3cr%2Ft%3D&page=12"
	token = "abc.T0ken-of_ours~1"
)

// What other people's code says of a request. Nothing of its query and its credentials
// may be left, and what helps to find the fault must be.
func TestErrorWithoutSecrets(t *testing.T) {
	whole := "https://anna:Passw0rd@acme.dam.aprimo.com/api/core/records?" + query
	req, err := http.NewRequest("GET", whole, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Api-Key", "K3y-of-ours")
	req.Header.Set("Private-Token", "K3y-of-theirs")
	req.AddCookie(&http.Cookie{Name: "sid", Value: "S3cretSession"})
	decoded := "Patient=S3cret Name"
	for _, c := range []struct {
		err  error
		keep string
	}{
		{&url.Error{Op: "Get", URL: whole, Err: io.ErrUnexpectedEOF}, "unexpected EOF"},
		{fmt.Errorf("proxy: %w", errors.Join(errors.New("dial"), &url.Error{Op: "Get", URL: whole, Err: io.ErrUnexpectedEOF})), "proxy: dial"},
		{fmt.Errorf("GET %s giving up after 2 attempt(s)", whole), "https://REDACTED@acme.dam.aprimo.com/api/core/records"},
		{fmt.Errorf("gateway: GET %v failed: connection reset by peer", req.URL), "connection reset by peer"},
		{fmt.Errorf("request to (%s): 502", whole), "): 502"},
		{fmt.Errorf("upstream %q said 503", whole), "said 503"},
		{fmt.Errorf("%s: no route to host", req.URL.RequestURI()), "/api/core/records"},
		{fmt.Errorf("bad query %s", req.URL.RawQuery), "bad query"},
		{fmt.Errorf("no match for %s", decoded), "no match for"},
		{fmt.Errorf("values: %v", req.URL.Query()), "values: "},
		{fmt.Errorf("no match for %s, %s", url.QueryEscape(decoded), html.EscapeString(decoded)), "no match for"},
		{fmt.Errorf("signature %q is wrong, error code: 1015", "S3cr/t="), "error code: 1015"},
		{fmt.Errorf("headers %v", req.Header), "headers"},
		{fmt.Errorf("%+v", req.Header["Authorization"]), ""},
		{fmt.Errorf("token %s has expired, 401", token), "has expired, 401"},
		{fmt.Errorf("basic auth anna:%s", "Passw0rd"), "basic auth anna:"},
		{errors.New("Authorization: Basic QW5uYTpTM2NyZXQ=, Cookie: a=S3cret"), "Authorization: Basic "},
		{errors.New("Bearer abcdefS3cretT0ken is over"), "Bearer REDACTED is over"},
		{errors.New("basic authentication failed, password: wrong"), "basic authentication failed, password: wrong"},
		{errors.New("private: K3y-of-theirs, session S3cretSession: 403"), ": 403"},
		{fmt.Errorf("key K3y-of-ours is unknown at acme.dam.aprimo.com:443"), "acme.dam.aprimo.com:443"},
		{fmt.Errorf("redirected to https://other.example/x?code=S3cret-of-others#access_token=S3cret2"), "https://other.example/x?code="},
		{fmt.Errorf("wss://u:S3cret@h/p: status 0x80131904"), "status 0x80131904"},
		{fmt.Errorf("POST /uploads/segments/dG9rS3cret?index=3: 413"), "/uploads/segments/"},
		{fmt.Errorf("GET /uploads/dG9rS3cret: 404"), "/uploads/"},
		{fmt.Errorf(`{"access_token":"S3cret.a.b","error":"invalid_grant"}`), "invalid_grant"},
		{fmt.Errorf("client_secret=S3cret&grant_type=x"), "grant_type"},
		{fmt.Errorf("jwt eyJhbGciOi.eyJS3cret.c2ln rejected"), "rejected"},
		{fmt.Errorf("line one\nline two\r\n\x1b[31mred \u009b2J"), "line one; line two"},
		{fmt.Errorf("https://h:S3cretport/ cannot be parsed"), "cannot be parsed"},
		{errors.New(strings.Repeat("x", 9000)), "xxx..."},
		{errors.New("proxyconnect anna:S3cret@proxy.corp:3128: refused"), "REDACTED@proxy.corp:3128: refused"},
		{errors.New("lookup //anna:S3cret@proxy.corp: no such host"), "@proxy.corp: no such host"},
		{errors.New("not valid for any names, but wanted to match anna:S3cret@acme.example"), "@acme.example"},
		{errors.New("redirect_uri=https%3A%2F%2Fapp.example%2Fp%3Fcode%3DS3cret: mismatch"), "https%3A%2F%2Fapp.example%2Fp%3F"},
		{errors.New("go to https%3A%2F%2Fanna%3AS3cret%40app.example%2Fp"), "go to https"},
		{errors.New("AccountName=store;AccountKey=S3cret==;EndpointSuffix=core.windows.net"), "EndpointSuffix=core.windows.net"},
		{errors.New("X-Amz-Signature=S3cret is wrong, status 403"), "status 403"},
		{errors.New(`{"detail":"access_token S3cret0abc has expired","instance":"/errors/17"}`), "has expired"},
		{errors.New(`oauth2: "invalid_grant" "token S3cret0abc is revoked"`), `"invalid_grant" "token REDACTED is revoked"`},
		{errors.New("WRONGPASS AUTH default S3cret0abc"), "WRONGPASS AUTH default"},
		{errors.New(`535 "5.7.8 AUTH PLAIN S3cret0abc rejected; password: S3cret0abc"`), "535 \"5.7.8 AUTH PLAIN"},
		{errors.New("Cookie: session=S3cret; other=S3cret, status 502"), "status 502"},
		{errors.New("Set-Cookie: .ASPXAUTH=S3cret"), "Set-Cookie: "},
		{errors.New("Ocp-Apim-Subscription-Key: S3cret0abc is unknown"), "is unknown"},
		{errors.New("X-Auth-Token: S3cret0abc"), "X-Auth-Token: "},
		{errors.New("Authorization: ApiKey S3cret0abc"), "Authorization: ApiKey "},
		{errors.New("RCPT TO:anna@acme.example: 550 5.1.1 user unknown"), "RCPT TO:anna@acme.example: 550 5.1.1 user unknown"},
		{errors.New("the token endpoint answered 502; token expired at 2026-11-27T10:00:00Z"), "the token endpoint answered 502; token expired at 2026-11-27T10:00:00Z"},
		{errors.New("remote error: tls: handshake failure (40), authentication failed with 0x80090308"), "remote error: tls: handshake failure (40), authentication failed with 0x80090308"},
		{errors.New("dial tcp 10.0.0.7:443: connect: connection refused"), "dial tcp 10.0.0.7:443: connect: connection refused"},
		{errors.New("lookup acme.dam.aprimo.com on 10.96.0.10:53: no such host"), "lookup acme.dam.aprimo.com on 10.96.0.10:53: no such host"},
		{errors.New("Field Code: value 17 is not allowed; state: 1; token: it was used already"), "Field Code: value 17 is not allowed; state: 1; token: it was used already"},
	} {
		got := SafeError(c.err, req)
		text := got.Error()
		for _, secret := range []string{"S3cr", "5uYTpTM2NyZXQ", "Passw0rd", "T0ken", "K3y", "\n", "\x1b", "\u009b"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q\n got %q\n it still has %q", c.err, text, secret)
			}
		}
		if !strings.Contains(text, c.keep) || len(text) > maxError+3 || !errors.Is(got, c.err) {
			t.Errorf("%.300q\n got %.300q\n want %q in it, and the error wrapped", c.err, text, c.keep)
		}
	}
	if got := SafeError(nil); got != nil {
		t.Errorf("SafeError(nil) = %v, want nil", got)
	}
	if plain := errors.New("a plain one"); SafeError(plain, req, nil) != plain {
		t.Error("an error without secrets should be returned as it is")
	}
}

// What has the name of a secret is hidden to its end, however it is written; prose, a status
// and an error code stay.
func TestRedact(t *testing.T) {
	key, cookies := http.Header{"X-Api-Key": {"abc123defg"}}, http.Header{"Cookie": {"session=abc123; b=c d"}, "Retry-After": {"7"}, "Set-Cookie": {"auth=x1", "y=z2"}}
	for _, c := range []struct{ in, want string }{
		// Headers as %v, %q, %#v and JSON print them.
		{fmt.Sprintf("%#v", key), `http.Header{"X-Api-Key":[]string{REDACTED}}`},
		{fmt.Sprintf("%#v", map[string][]any{"X-Api-Key": {"abc123defg"}}), `map[string][]interface {}{"X-Api-Key":[]interface {}{REDACTED}}`},
		{fmt.Sprintf("%#v", cookies), `http.Header{"Cookie":[]string{REDACTED}, "Retry-After":[]string{"7"}, "Set-Cookie":[]string{REDACTED}}`},
		{fmt.Sprintf("%q", cookies), `map["Cookie":[REDACTED] "Retry-After":["7"] "Set-Cookie":[REDACTED]]`},
		{fmt.Sprintf("%v", cookies), `map[Cookie:[REDACTED] Retry-After:[7] Set-Cookie:[REDACTED]]`},
		{fmt.Sprintf("%#v", http.Header{"Cookie": nil, "A": {"1"}}), `http.Header{"A":[]string{"1"}, "Cookie":[]string(nil)}`},
		{`{"Cookie":["session=abc123"],"status":503}`, `{"Cookie":[REDACTED],"status":503}`},
		{`{"Set-Cookie":["auth=x1y2z3","a]b"],"status":503}`, `{"Set-Cookie":[REDACTED],"status":503}`},
		{`{"Authorization":["abcdef123456"]}`, `{"Authorization":[REDACTED]}`},
		{`{"Authorization":"Bearer abcdef"}`, `{"Authorization":"REDACTED"}`},
		{`{\"Cookie\":[\"a=\\\"b]c\\\"\"],\"status\":503}`, `{\"Cookie\":[REDACTED],\"status\":503}`},

		// Headers as they are sent.
		{`Authorization: Bearer "abc 12345" was refused`, `Authorization: Bearer REDACTED was refused`},
		{`Authorization: Bearer 'abc 12345' was refused`, `Authorization: Bearer REDACTED was refused`},
		{`authorization=Bearer%20eyJhbGciOi 503`, `authorization=REDACTED 503`},
		{"Authorization: Bearer abcdefghijk\nRetry-After: 5", "Authorization: Bearer REDACTED\nRetry-After: 5"},
		{`Authorization: abcdefghijklmnop 401 Unauthorized`, `Authorization: REDACTED 401 Unauthorized`},
		{`Authorization: Custom abcdefghijk is wrong`, `Authorization: REDACTED is wrong`},
		{`Proxy-Authorization: Digest username="u", response="6629fae49393a05397450978507c4ef1", status 407`, `Proxy-Authorization: Digest REDACTED, status 407`},
		{`Authorization: AWS4-HMAC-SHA256 Credential=AKIA/s3, SignedHeaders=host;range, Signature=fe5f80, status 403`, `Authorization: AWS4-HMAC-SHA256 REDACTED, status 403`},
		{`Cookie: a="x y"; b=c; HttpOnly, status 502`, `Cookie: REDACTED; HttpOnly, status 502`},
		{`X-Csrf-Token: abcdefgh 403`, `X-Csrf-Token: REDACTED 403`},
		{`Basic dXNlcjpwYXNz`, `Basic REDACTED`},
		{`Negotiate YIIabc== failed`, `Negotiate REDACTED failed`},
		{`bearer%20abc123 failed`, `bearer%20REDACTED failed`},
		{`Bearer abcdefghijklmnop failed`, `Bearer REDACTED failed`},

		// Values in quotes and brackets.
		{`password='hunter two' is wrong`, `password='REDACTED' is wrong`},
		{`{"password":"pass word1","status":503}`, `{"password":"REDACTED","status":503}`},
		{`{"password":"hun\"ter2 x","status":503}`, `{"password":"REDACTED","status":503}`},
		{`{\"password\":\"hun\\\"ter2 x\",\"status\":503}`, `{\"password\":\"REDACTED\",\"status\":503}`},
		{`{'password': 'pass word1', 'status': 503}`, `{'password': 'REDACTED', 'status': 503}`},
		{`{"password":"","status":503}`, `{"password":"","status":503}`},
		{`{"credential":{"user":"x","pw":"y"},"status":503}`, `{"credential":{REDACTED},"status":503}`},
		{`token="abc def", 503`, `token="REDACTED", 503`},
		{`token="abc def without an end`, `token="REDACTED`},
		{`Pwd={abc;def};Server=x`, `Pwd={REDACTED};Server=x`},
		{`client_secret: "s3"`, `client_secret: "REDACTED"`},
		{`private_key: abc123456789`, `private_key: REDACTED`},
		{`passphrase: s3cr3t99`, `passphrase: REDACTED`},
		{`password: hunter2`, `password: REDACTED`},
		{"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- is bad", "-----BEGIN RSA PRIVATE KEY-----REDACTED-----END RSA PRIVATE KEY----- is bad"},

		// The code of an OAuth sign-in, and codes of errors.
		{`code=0.AXYZsecret&state=1`, `code=REDACTED&state=1`},
		{`code=abcdefg&scope=x&session_state=1 failed`, `code=REDACTED&scope=x&session_state=1 failed`},
		{`state=1&code=abcdefg`, `state=1&code=REDACTED`},
		{`sent code=0.AXYZsecret`, `sent code=REDACTED`},
		{`code=0x80131904&x=1 code=AADSTS70008 code=503&message=x error_code=invalid_grant`, `code=0x80131904&x=1 code=AADSTS70008 code=503&message=x error_code=invalid_grant`},

		// Webhooks: the path is the secret.
		{`Post "https://hooks.slack.com/services/T/B/X": EOF`, `Post "https://hooks.slack.com/REDACTED": EOF`},
		{`https://acme.webhook.office.com/webhookb2/a@b/c: 404`, `https://acme.webhook.office.com/REDACTED: 404`},
		{`https://discord.com/api/webhooks/1/abc?wait=true`, `https://discord.com/api/webhooks/REDACTED?wait=REDACTED`},
		{`https://discord.com/channels/1: 404`, `https://discord.com/channels/1: 404`},

		{`https://canary.discord.com/api/webhooks/1/abcdef: 404`, `https://canary.discord.com/api/webhooks/REDACTED: 404`},
		{`{"hook":"https:\/\/hooks.slack.com\/services\/T\/B"}`, `{"hook":"https:\/\/hooks.slack.com\/REDACTED"}`},
		{`Cookie: a=1; flag; sid=topsecret; HttpOnly`, `Cookie: REDACTED; HttpOnly`},
		{"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\nMIIE\n-----END RSA PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----REDACTED-----END RSA PRIVATE KEY-----"},
		{`POST /uploads/b64.0123456789abcdef: reset`, `POST /uploads/REDACTED: reset`},

		// XML, HTML, and members that are a name and a value.
		{`<Error><Code>SignatureDoesNotMatch</Code><SignatureProvided>abc=</SignatureProvided></Error>`, `<Error><Code>SignatureDoesNotMatch</Code><SignatureProvided>REDACTED</SignatureProvided></Error>`},
		{`<wsse:Password Type="PasswordText">correct horse</wsse:Password><Code>503</Code>`, `<wsse:Password Type="PasswordText">REDACTED</wsse:Password><Code>503</Code>`},
		{`&lt;client_secret&gt;hunter&lt;/client_secret&gt;`, `&lt;client_secret&gt;REDACTED&lt;/client_secret&gt;`},
		{`<password>hunt`, `<password>REDACTED`},
		{`<input name="client_secret" value="hunter two">`, `<input name="client_secret" value="REDACTED">`},
		{`{"key":"password","attemptedValue":"hunter","code":17}`, `{"key":"password","attemptedValue":"REDACTED","code":17}`},

		// Maps and structs as %v and %+v print them.
		{fmt.Sprintf("%v", map[string]string{"access_token": "hunter", "code": "17"}), `map[access_token:REDACTED code:17]`},
		{fmt.Sprintf("%+v", struct{ ClientID, ClientSecret string }{"id", "hunter"}), `{ClientID:id ClientSecret:REDACTED}`},
		{`dial tcp: lookup token:443: no such host, dial token:8443`, `dial tcp: lookup token:443: no such host, dial token:8443`},

		// What Redis, mail servers and url.Parse repeat.
		{"ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 'hunter' ", "ERR unknown command 'HELLO', with args beginning with: REDACTED"},
		{`500 5.5.1 unrecognized command: AUTH PLAIN AHVzZXIAcGFzcw==`, `500 5.5.1 unrecognized command: AUTH PLAIN REDACTED`},
		{`504 5.5.4 AUTH LOGIN unavailable`, `504 5.5.4 AUTH LOGIN unavailable`},
		{`parse "redis://:hunter": invalid port ":hunter" after host`, `parse "redis://REDACTED": invalid port "REDACTED" after host`},

		// Links that are part of something else.
		{`se=1\u0026sig=hunter`, `se=1\u0026sig=REDACTED`},
		{`%253Fsig%253Dhunter and a%26sig%3Dhunter`, `%253Fsig%253DREDACTED and a%26sig%3DREDACTED`},

		// Other names, and tokens by their beginning.
		{`SAMLResponse=PHNhbWxw&RelayState=x`, `SAMLResponse=REDACTED&RelayState=x`},
		{`{"routing_key":"abcdef","status":"invalid event"}`, `{"routing_key":"REDACTED","status":"invalid event"}`},
		{`SMTP_PASS=hunter PHPSESSID=abcdef bearer=hunter`, `SMTP_PASS=REDACTED PHPSESSID=REDACTED bearer=REDACTED`},
		{`the password is hunter2; API key abc123def not found, the token is invalid`, `the password is REDACTED; API key REDACTED not found, the token is invalid`},
		{`xoxb-1234-5678-abcdef ghp_0123456789abcdef ya29.a0AfH6SMB_x-yz01 are revoked: 403`, `REDACTED REDACTED REDACTED are revoked: 403`},

		// Credentials of a registry, and of commands.
		{`{"auths":{"h.io":{"auth":"dXNlcjpwYXNz"}},"status":403}`, `{"auths":{"h.io":{"auth":"REDACTED"}},"status":403}`},
		{`{"x-auth":"hunter","author":"anna","authority":"login.aprimo.com"}`, `{"x-auth":"REDACTED","author":"anna","authority":"login.aprimo.com"}`},
		{`curl -u anna:hunter https://h/x: exit status 22`, `curl -u anna:REDACTED https://h/x: exit status 22`},
		{`curl --proxy-user "anna:hunter two" --user='anna:hunter two' -X GET`, `curl --proxy-user "anna:REDACTED" --user='anna:REDACTED' -X GET`},
		{`curl -s -uanna:hunter https://h/x -u"anna:hunter two"`, `curl -s -uanna:REDACTED https://h/x -u"anna:REDACTED"`},
		{`exec ["curl","-u","anna:hunter"]: exit status 22`, `exec ["curl","-u","anna:REDACTED"]: exit status 22`},
		{`docker run -u 1000:1000, nc -u 10.0.0.1:53, git push -u origin main, -u https://h/x`, `docker run -u 1000:1000, nc -u 10.0.0.1:53, git push -u origin main, -u https://h/x`},

		{`tool --token hunter -Client-Secret=hunter --api-key a_b: exit status 1`, `tool --token REDACTED -Client-Secret=REDACTED --api-key REDACTED: exit status 1`},
		{`tool --password "hunter two" --passphrase 'hunter two' x`, `tool --password "REDACTED" --passphrase 'REDACTED' x`},
		{`exec ["tool","--token","hunter","-v"]: exit status 1`, `exec ["tool","--token","REDACTED","-v"]: exit status 1`},
		{`mysql -h db -phunter x; sshpass -p hunter ssh h; docker login -u anna -p "hunter two" h.io; redis-cli -a hunter ping`,
			`mysql -h db -pREDACTED x; sshpass -p REDACTED ssh h; docker login -u anna -p "REDACTED" h.io; redis-cli -a REDACTED ping`},
		{`mkdir -p /tmp/x1, docker run -p 8080:80 x, ssh -p 2222 h, git add -p main1.go, mysql -p -h db1, --password-file /run/x1`,
			`mkdir -p /tmp/x1, docker run -p 8080:80 x, ssh -p 2222 h, git add -p main1.go, mysql -p -h db1, --password-file /run/x1`},
		{`set --token or --password; use --token instead; --api-key is missing; unknown flag: --token`, `set --token or --password; use --token instead; --api-key is missing; unknown flag: --token`},

		// What follows "auth:" is base64, or prose.
		{`auth: dXNlcjpwYXNz, x-auth: hunter2hunter2; auth:dXNlcjpwYXNzd29yZA== was refused`, `auth: REDACTED, x-auth: REDACTED; auth:REDACTED was refused`},
		{`auth: invalid_token, auth: NotFound, auth: AADSTS50011, auth: 403 Forbidden, auth: /etc/auth2/x1, oauth: unauthenticated`,
			`auth: invalid_token, auth: NotFound, auth: AADSTS50011, auth: 403 Forbidden, auth: /etc/auth2/x1, oauth: unauthenticated`},

		// A secret of letters alone, and what is said of one.
		{"password: hunter, Secret: geheimnis\nrefresh_token: abcdefgh; status: 503", "password: REDACTED, Secret: REDACTED\nrefresh_token: REDACTED; status: 503"},
		{`passphrase: correct-horse-battery`, `passphrase: REDACTED`},
		{`password: incorrect, secret: NotFound, access_token: invalid_token, pwd: EXPIRED`, `password: incorrect, secret: NotFound, access_token: invalid_token, pwd: EXPIRED`},
		{`reading the secret: login.aprimo.com: timeout; db password: wrong; unexpected token: identifier`, `reading the secret: login.aprimo.com: timeout; db password: wrong; unexpected token: identifier`},

		// URLs: a query without a request, an escaped one, one that cannot be parsed, a user.
		{`GET /records?filter=Patient&page=2: 404`, `GET /records?filter=REDACTED&page=REDACTED: 404`},
		{`GET /records?filter=: 404. Is it?`, `GET /records?filter=REDACTED: 404. Is it?`},
		{`back=HTTPS%3A%2F%2Fapp.example%2Fp%3fa%3Dhunter 503`, `back=HTTPS%3A%2F%2Fapp.example%2Fp%3fREDACTED 503`},
		{`back=git+ssh%3A%2F%2Fapp.example%2Fp 503`, `back=git+ssh%3A%2F%2Fapp.example%2Fp 503`},
		{`back=https%3A%2F%2Fanna%3Ahunter%40app.example 503`, `back=https%3A%2F%2FREDACTED 503`},
		{`HTTPS://h/p?a=hunter, ftp+x://h/%zz/hunter: refused`, `https://h/p?a=REDACTED, ftp+x://REDACTED refused`},
		{`//:hunter@proxy, mailto:anna@acme.example, Cc:anna@acme.example`, `//REDACTED@proxy, mailto:anna@acme.example, Cc:anna@acme.example`},
		{`from:anna@acme.example bcc:anna@acme.example`, `from:anna@acme.example bcc:anna@acme.example`},
		{`POST //uploads//segments//hunter/commit: 413`, `POST //uploads//segments//REDACTED/commit: 413`},
		{`POST //uploads//hunter0123: 413`, `POST //uploads//REDACTED: 413`},
		{`POST /UPLOADS/Segments/h/commit: 413`, `POST /UPLOADS/Segments/REDACTED/commit: 413`},
		{`POST /uploads/12345678: 413`, `POST /uploads/12345678: 413`},
		{`POST /uploads/123456789: 413`, `POST /uploads/REDACTED: 413`},

		// Ports, statuses and counts stay, and nothing else of a member that %v printed.
		{`{token:65535 secret:ab pwd:123456}`, `{token:65535 secret:REDACTED pwd:REDACTED}`},
		{`the key is bad: Basic dXNlcjpwYXNz`, `the key is bad: Basic REDACTED`},
		{`the key is bad: Bearer abcdefghijklmno, Bearer abcdefghijklmnop`, `the key is bad: Bearer abcdefghijklmno, Bearer REDACTED`},
		{`Basic a_b Basic a~b Basic a+b Basic a/b Basic ab== Basic aB, Basic a1, Basic 12`, `Basic REDACTED Basic REDACTED Basic REDACTED Basic REDACTED Basic REDACTED Basic REDACTED, Basic REDACTED, Basic 12`},
		{`code=abcdefgh1x, code=(E1015), code=E1015.:!)`, `code=REDACTED, code=(E1015), code=E1015.:!)`},
		{`token: a1b2c3 token: a1b2c`, `token: REDACTED token: a1b2c`},

		// Prose.
		{`ERR AUTH <password> called without any password configured`, `ERR AUTH <password> called without any password configured`},
		{`AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value`, `AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value`},
		{`535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant`, `535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant`},
		{`ExpiredToken: The provided token has expired. status code: 403, request id: 7BSTAXMP`, `ExpiredToken: The provided token has expired. status code: 403, request id: 7BSTAXMP`},
		{`Post "https://acme.aprimo.com/login/connect/token": dial tcp: lookup acme1: http2: GOAWAY`, `Post "https://acme.aprimo.com/login/connect/token": dial tcp: lookup acme1: http2: GOAWAY`},
		{`Post "https://acme.aprimo.com/login/connect/token": http2: server sent GOAWAY`, `Post "https://acme.aprimo.com/login/connect/token": http2: server sent GOAWAY`},
		{`POST /uploads/segments: connection reset, https://h/uploads/segments, status 503`, `POST /uploads/segments: connection reset, https://h/uploads/segments, status 503`},
		{`code=AADSTS50011: The redirect (code=InvalidGrant) (code=0x80131904).`, `code=AADSTS50011: The redirect (code=InvalidGrant) (code=0x80131904).`},
		{`decoding into field Token: [ at offset 12 of body, status 503`, `decoding into field Token: [ at offset 12 of body, status 503`},
		{`unexpected token: {"error":"limit"} status 429`, `unexpected token: {"error":"limit"} status 429`},
		{`token_type=bearer 503 Service Unavailable`, `token_type=bearer 503 Service Unavailable`},
		{`{"token_type":"Bearer","expires_in":3599}`, `{"token_type":"Bearer","expires_in":3599}`},
		{`Basic Authentication required`, `Basic Authentication required`},
		{`Bearer Token expired`, `Bearer Token expired`},
		{`authorization: 403 Forbidden`, `authorization: 403 Forbidden`},
		{`WWW-Authenticate: Bearer realm="x", error="invalid_token"`, `WWW-Authenticate: Bearer realm="x", error="invalid_token"`},
		{`the access token: expired; password is too short: 503`, `the access token: expired; password is too short: 503`},
	} {
		got := Redact(c.in)
		if got != c.want {
			t.Errorf("Redact(%s)\n got %s\nwant %s", c.in, got, c.want)
		}
		if again := Redact(got); again != got {
			t.Errorf("Redact(%s)\n got %s\nwant it as it is", got, again)
		}
	}
}

// Each name of a secret hides its value, as a form, in JSON, in a header and in a struct; a word
// that only ends like one does not.
func TestEachNameOfASecret(t *testing.T) {
	names := []string{
		"token", "secret", "password", "passwd", "passphrase", "passcode", "pwd", "signature", "credential", "assertion", "verifier",
		"sessid", "sess_id", "sessionid", "session_id", "aspxauth", "samlresponse", "device_code", "auth_code", "authorization_code",
		"sig", "sas_sig", "pass", "smtp_pass", "jwt", "id-jwt", "otp", "x.otp", "client_secret", "x.access-token", "api key",
	}
	for _, of := range []string{"api", "access", "account", "subscription", "functions", "private", "secret", "shared", "signing", "encryption", "master", "routing", "integration"} {
		names = append(names, of+"key", of+"-key", of+"_key")
	}
	for i, name := range names {
		if i%2 == 1 {
			name = strings.ToUpper(name)
		}
		for in, want := range map[string]string{
			name + "=hunter&x=1":                   name + "=REDACTED&x=1",
			name + " = hunter x":                   name + " = REDACTED x",
			name + "%3dhunter x":                   name + "%3dREDACTED x",
			name + "%25253Dhunter x":               name + "%25253DREDACTED x",
			`{"` + name + `":"hunter","x":1}`:      `{"` + name + `":"REDACTED","x":1}`,
			`{"` + name + `" : hunter,"x":1}`:      `{"` + name + `" : REDACTED,"x":1}`,
			`{\"` + name + `\" : \"hunter\"}`:      `{\"` + name + `\" : \"REDACTED\"}`,
			`{"` + name + `":["hunter"],"x":1}`:    `{"` + name + `":[REDACTED],"x":1}`,
			name + `: 'hun"ter', x`:                name + `: 'REDACTED', x`,
			"<" + name + ">hunter</" + name + ">":  "<" + name + ">REDACTED</" + name + ">",
			`{"` + name + `", "value" : "hunter"}`: `{"` + name + `", "value" : "REDACTED"}`,
			"the " + name + " was hunter2.":        "the " + name + " was REDACTED",
		} {
			if got := Redact(in); got != want {
				t.Errorf("Redact(%s)\n got %s\nwant %s", in, got, want)
			}
		}
	}
	for _, text := range []string{"design=hunter", "compass=hunter", "hotp=hunter", "xjwt=hunter", "monkey=hunter", "turkey: hunter2"} {
		if got := Redact(text); got != text {
			t.Errorf("Redact(%s)\n got %s\nwant it as it is", text, got)
		}
	}
}

// Of a header of each scheme the scheme stays.
func TestEachSchemeOfAuthorization(t *testing.T) {
	for _, scheme := range []string{
		"Bearer", "Basic", "Digest", "Negotiate", "NTLM", "Hawk", "ApiKey", "Token", "HMAC", "AWS4-HMAC-SHA256", "SharedKey", "SharedKeyLite", "SharedAccessSignature",
	} {
		for in, want := range map[string]string{
			"Authorization: " + scheme + " hunter, 403":                     "Authorization: " + scheme + " REDACTED, 403",
			"authorization = " + scheme + " \thunter":                       "authorization = " + scheme + " \tREDACTED",
			"Authorization: " + scheme + ` a="x y", b.c=, d=hunter 403`:     "Authorization: " + scheme + " REDACTED 403",
			"Proxy-Authorization: " + scheme + " 'hun\"ter'; 403":           "Proxy-Authorization: " + scheme + " REDACTED; 403",
			`{"Authorization":"` + scheme + ` hunter","status":403}`:        `{"Authorization":"REDACTED","status":403}`,
			`Authorization: ` + scheme + ` "hun\"ter x" was refused by 403`: `Authorization: ` + scheme + ` REDACTED was refused by 403`,
		} {
			if got := Redact(in); got != want {
				t.Errorf("Redact(%s)\n got %s\nwant %s", in, got, want)
			}
		}
	}
}

// Tokens whose beginning says what they are for are hidden wherever they stand.
func TestIssuedTokens(t *testing.T) {
	for _, token := range []string{"xoxb-", "xoxp-", "ghp_", "ghs_", "github_pat_", "glpat-", "sk-", "sk_", "ya29.", "SG.", "AIza", "AKIA", "ASIA"} {
		long, short := token+"0123456789.b", token+"0123456789b"
		if got, want := Redact("x "+long+", "+short), "x REDACTED, "+short; got != want {
			t.Errorf("Redact(%s, %s) = %s, want %s", long, short, got, want)
		}
		if got := Redact("x" + long); got != "x"+long {
			t.Errorf("Redact(x%s) = %s, want it as it is", long, got)
		}
	}
}

// A webhook's path is hidden whoever it belongs to.
func TestEachWebhook(t *testing.T) {
	for _, at := range []string{
		"hooks.slack.com/", "hooks.zapier.com/", "acme.webhook.office.com/", "outlook.office.com/webhook/", "outlook.office365.com/webhook/",
		"discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "ptb.x.discord.com/api/webhooks/", "api.telegram.org/",
	} {
		for _, url := range []string{"https://" + at, "HTTPS:\\/\\/" + strings.ReplaceAll(at, "/", "\\/")} {
			in, want := "Post "+url+"hun.ter-1: EOF", "Post "+url+"REDACTED: EOF"
			if got := Redact(in); !strings.EqualFold(got, want) {
				t.Errorf("Redact(%s)\n got %s\nwant %s", in, got, want)
			}
		}
	}
}

// Each value of a request is hidden, from 4 bytes on, and with it what a text is cut to.
func TestEachValueOfARequest(t *testing.T) {
	req, err := http.NewRequest("GET", "https://anna:p%40ss@h/p?a=b1b1&c1c1&d=e%2Ff1&tiny=xyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("anna", "h1h1")
	req.Header.Set("X-Api-Key", "i1i1 j1j1")
	req.Header.Set("X-Public", "k1k1")
	req.AddCookie(&http.Cookie{Name: "m", Value: "n1n1"})
	for text, want := range map[string]string{
		"b1b1": Redacted, "c1c1": Redacted, "e/f1": Redacted, "e%2Ff1": Redacted, "p@ss": Redacted, "p%40ss": Redacted, "h1h1": Redacted,
		"i1i1 j1j1": Redacted, "i1i1+j1j1": Redacted, "j1j1": Redacted, "n1n1": Redacted, "xyz": "xyz", "k1k1": "k1k1", "anna": "anna",
		strings.Repeat("x", 2048): strings.Repeat("x", 2048), strings.Repeat("x", 2049): strings.Repeat("x", 2048) + "...",
	} {
		if got := SafeError(errors.New("in "+text), req).Error(); len(text) < 2000 && got != "in "+want {
			t.Errorf("got %q of %q, want %q", got, "in "+text, "in "+want)
		}
		if got := SafeError(errors.New(text)).Error(); len(text) > 2000 && got != want {
			t.Errorf("got %d bytes of %d, want %d", len(got), len(text), len(want))
		}
	}
	for n, want := range map[int]int{4096: 4096, 4097: 4099} {
		if got := Redact(strings.Repeat("x", n)); len(got) != want {
			t.Errorf("Redact: got %d bytes of %d, want %d", len(got), n, want)
		}
	}
}

// Whatever a value of the query is, and in whatever text, it is not left.
func FuzzErrorWithoutSecrets(f *testing.F) {
	f.Add("GET ", " failed", "s3cr3t")
	f.Add("x?", "&b=", "a b")
	f.Fuzz(func(t *testing.T, before, after, secret string) {
		if len(secret) < minSecret || strings.Contains(before+Redacted+after+"\ufffd;", secret) || strings.Contains(Redacted, secret) || !strings.Contains(before+secret+after, secret) {
			return
		}
		req := &http.Request{URL: &url.URL{Scheme: "https", Host: "h", RawQuery: url.Values{"q": {secret}}.Encode()}}
		if got := SafeError(errors.New(before+secret+after), req).Error(); strings.Count(got, secret) > strings.Count(before+after, secret) {
			t.Errorf("%q in %q: got %q", secret, before+secret+after, got)
		}
	})
}
