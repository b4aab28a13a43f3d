// Package client calls the APIs of Aprimo's digital asset management (DAM) and marketing
// operations: records, searches, files, orders and administration as Go types, and any other
// endpoint with [Client.Do].
//
//	tokens := client.ClientCredentials("acme", id, secret)
//	c, err := client.New("acme", tokens)
//	…
//	for rec, err := range c.Records.Search(ctx, client.Expression{Text: "Title = ?", Parameters: []any{title}},
//		client.SelectFields("Title")) {
//
// Calls go through package transport, which keeps them within Aprimo's 15 requests per
// second and retries those that were answered with 429. Use one Client per tenant. A Client
// and its resources are safe for concurrent use.
//
// # Where to find what
//
// Each resource is a field of [Client] with the methods Get, List, Create, Update and
// Delete, plus resource-specific methods:
//
//   - assets: Records, FileVersions, Classifications, Collections; their types [Record],
//     [RecordChange], [Field], [File], [Classification], [Collection]
//   - search: [Records.Search] with an [Expression], [Records.SearchPage] with facets,
//     [Records.Export], [Records.GetMany]
//   - files: Uploads, Orders, Downloads, PublicLinks
//   - schema: FieldDefinitions, FieldGroups, ContentTypes, FileTypes, Languages, Translations
//   - people: Users, UserGroups, Permissions, [Client.Me]
//   - administration: Rules, Settings, MaintenanceJobs, Checks, Watermarks
//   - anything else: [Client.Do] for one call, [All] for a list
//
// # Calls
//
// List and Search request each page when the loop reaches it; on error, iteration ends with it.
// The server omits parts of an object unless they are selected, for example with
// [SelectRecord], which costs no additional request. A [CallOption] changes one call;
// [WithResponse] gives its status, headers and request id.
//
// Models have fields for the properties in Aprimo's guide and accept both of its forms of
// JSON. Properties without a field are kept in Extra.
//
// In a change, fields that are zero leave the value unchanged. [Set] sets one to false, 0 or "",
// or clears it. This also holds for an object that was read, changed and passed to Update.
//
// # Costs
//
// The server limits the number of results of a search. [Records.Export] has no such limit
// and resumes from a [Checkpoint]. [Records.GetMany] finds a thousand records with one
// request. [Each] runs a function for many items concurrently and reports on each.
// [Records.PlanSearch] and [Export.Plan] say what reading costs, and [Budget] bounds it.
//
// # Stored states
//
// An [UploadState] and a [Checkpoint] can be stored as JSON, and a partial download has a
// file with its state. Their JSON has a version. Later releases read the states of earlier
// ones. A state of a newer, incompatible version, of another tenant, or of another file or
// expression is an error; a partial download then starts anew.
//
// # Tokens
//
// One token is shared by all calls, renewed before it expires, and attached just before
// sending. If the API rejects it, it is renewed once and the call is repeated. Token
// requests do not queue behind calls. Refused credentials are sent ever more rarely.
// [ClientCredentials], [Password], [Refresh] and [LoginPKCE] are Aprimo's four flows; any other
// oauth2.TokenSource works, too.
//
// # Errors
//
// A failed call returns an [*Error]. errors.Is matches it with [ErrNotFound] and the like,
// and with the context's error. Its text names the user and the request and contains no
// secrets, so it is safe to log.
//
// If the answer to a request that creates something is lost, the error is an
// [*UnknownOutcomeError]: do not just repeat the call. [Records.CreateOnce] creates a record
// exactly once. [Orders.Wait] resumes with the order's id.
//
// # What a server may do
//
// A token is sent to the tenant's two hosts only, and to another host of Aprimo's if the server
// sends a link to one for an upload. The addresses of the blob storage, of files and
// of redirects must use https, contain no user and not be in a private network, unless the
// tenant is reached in that way itself. A response may have 64 MiB and 4 million values. Lists
// end with an error if the server's pages form a loop. Names of files are made safe.
//
// # Limitations
//
// API calls follow no redirects. Signed links, such as those of previews, must be fetched
// with a different client, without a token: use [Downloads]. Nothing but the token is
// cached. A POST is repeated only after a 429 or an expired token, because it may have been
// carried out.
package client
