// Package connect makes the clients of the example programs.
package connect

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
	"github.com/aprimo-go/aprimo/transport"
)

const simulated = "simulated"

// Simulated is the line that a program prints when it uses a simulated tenant.
const Simulated = "Simulated tenant: nothing is sent to Aprimo. Choose a real tenant with -tenant."

// started tells the simulated tenants of different processes apart.
var started = time.Now().UnixNano()

// TenantName returns how what the programs store names a tenant. A simulated one lasts as
// long as its process.
func TenantName(tenant string) string {
	return cmp.Or(tenant, fmt.Sprintf("%s %d-%d", simulated, started, os.Getpid()))
}

// Gone reports whether a stored name is that of a simulated tenant of another process.
func Gone(stored string) bool {
	name, _, _ := strings.Cut(stored, " ")
	return name == simulated && stored != TenantName("")
}

// Client returns a client of the named tenant, with the credentials in the environment, or
// one of the simulated tenant if the name is empty. It writes a line that says which.
func Client(tenant string, stand *aprimotest.Tenant, out io.Writer) (*client.Client, error) {
	if tenant == "" {
		fmt.Fprintln(out, Simulated)
		return client.New(simulated, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "none"}),
			client.WithHTTPClient(&http.Client{Transport: transport.New(transport.WithBase(stand.Transport()))}),
			client.WithDownloadClient(&http.Client{Transport: stand.Transport()}))
	}
	fmt.Fprintf(out, "Tenant %s\n", tenant)
	id, secret, err := Credentials()
	if err != nil {
		return nil, err
	}
	return client.New(tenant, client.ClientCredentials(tenant, id, secret))
}

// Credentials returns those of a client-credentials registration, from the environment.
func Credentials() (id, secret string, err error) {
	id, secret = os.Getenv("APRIMO_CLIENT_ID"), os.Getenv("APRIMO_CLIENT_SECRET")
	if id == "" || secret == "" {
		return "", "", errors.New("set APRIMO_CLIENT_ID and APRIMO_CLIENT_SECRET to those of a client-credentials registration")
	}
	return id, secret, nil
}
