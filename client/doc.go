// Package client calls the API of Aprimo's digital asset management, in Go types:
// records, searches, classifications and what belongs to them.
//
//	tokens := client.ClientCredentials("acme", id, secret)
//	c, err := client.New("acme", tokens)
//	…
//	for rec, err := range c.Records.Search(ctx, client.Expression{Text: "Title = ?", Parameters: []any{title}},
//		client.SelectFields("Title")) {
//
// Calls go through package transport, which keeps them within Aprimo's 15 requests
// a second and repeats what was answered 429. Use one Client for a tenant. A Client
// and its resources are safe for concurrent use.
//
// # Calls
//
// Each resource is a field of [Client] with Get, List, Create, Update and Delete, and
// what it has of its own. List and Search read page by page, as the loop goes on; an
// error is the last that they yield. Parts of an object that the server leaves out
// are selected, [SelectRecord] for example, which costs no request more.
//
// Models have what Aprimo's guide names, whichever form of JSON it comes in, and keep
// the rest in a field Extra. What is zero in a change stays as it is.
//
// Searches end at a ceiling of the index. [Records.Export] reads everything, and goes
// on from a [Checkpoint]. [Records.GetMany] finds a thousand records with one
// request; [Each] does many things, some at a time, and reports on each.
//
// # Tokens
//
// A token is asked for once for all calls, renewed before it ends, and once when the
// API refuses it; then the call is repeated. It is attached when the call's turn has
// come. Requests for tokens do not wait behind calls. [ClientCredentials],
// [Password], [Refresh] and [LoginPKCE] are Aprimo's four flows; any other
// oauth2.TokenSource fits too.
//
// # Errors
//
// A call that failed has an [*Error], for which errors.Is finds [ErrNotFound] and the
// like, and a context's error. Its text names the user and the request and has no
// secrets, so it may be logged.
//
// # What it does not do
//
// It follows no redirects and fetches no signed addresses, such as those of previews:
// they want no token, and another client. It caches nothing but the token. A POST is
// repeated after a 429 or an expired token alone, since it might have been carried
// out.
package client
