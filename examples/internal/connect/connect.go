// Package connect makes the clients of the example programs.
package connect

import (
	"errors"
	"net/http"
	"os"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

// Client returns a client of the named tenant, with the credentials in the environment, or
// one of the simulated tenant if the name is empty.
func Client(tenant string, simulated *aprimotest.Tenant) (*client.Client, error) {
	if tenant == "" {
		return client.New("simulated", oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "none"}),
			client.WithHTTPClient(&http.Client{Transport: transport.New(transport.WithBase(simulated.Transport()))}),
			client.WithDownloadClient(&http.Client{Transport: simulated.Transport()}))
	}
	id, secret := os.Getenv("APRIMO_CLIENT_ID"), os.Getenv("APRIMO_CLIENT_SECRET")
	if id == "" || secret == "" {
		return nil, errors.New("set APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET to those of a client-credentials registration")
	}
	return client.New(tenant, client.ClientCredentials(tenant, id, secret))
}
