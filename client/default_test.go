package client_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/transport"
)

// A program may make its Transport http.DefaultTransport, which each http.Client without one
// uses. Calls of the API then keep to its limit; tokens, which the calls wait for, and files do
// not.
func TestATransportThatIsTheDefault(t *testing.T) {
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	synctest.Test(t, func(t *testing.T) {
		tenant := base(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch {
			case r.Method == http.MethodPut: // a block of a file
				w.WriteHeader(http.StatusCreated)
			case strings.HasPrefix(r.URL.Path, "/login"):
				io.WriteString(w, `{"access_token":"a-token","expires_in":3600}`)
			case r.URL.Path == "/uploads":
				io.WriteString(w, `{"token":"t","sasUrl":"https://blob.example.com/1?sig=s"}`)
			default:
				io.WriteString(w, `{"id":"1"}`)
			}
		})
		calls := transport.New(transport.WithLogger(zerolog.Nop()), transport.WithBase(tenant), transport.WithLimiter(transport.NewLimiter(2, time.Hour)))
		http.DefaultTransport = calls
		own := &http.Client{Timeout: time.Minute}
		c, err := client.New("acme", client.ClientCredentials("acme", "id", "secret", client.TokenHTTPClient(own)),
			client.WithHTTPClient(own), client.WithDownloadClient(own))
		if err != nil {
			t.Fatal(err)
		}
		if c.Transport() != calls {
			t.Error("the Client does not know the Transport that it sends through")
		}
		if err := getOne(t.Context(), c); err != nil {
			t.Error(err)
		}
		if _, err := c.Uploads.ReaderAt(t.Context(), "a.txt", strings.NewReader("content"), 7, client.UploadToBlob(own)); err != nil {
			t.Error(err)
		}
		path := filepath.Join(t.TempDir(), "a.txt")
		if _, err := c.Downloads.Fetch(t.Context(), "https://blob.example.com/a.txt?sig=s", path); err != nil {
			t.Error(err)
		}
		if sent := calls.Stats().Sent; sent != 2 {
			t.Errorf("%d requests used a slot, want 2: the call and the start of the upload", sent)
		}
	})
}
