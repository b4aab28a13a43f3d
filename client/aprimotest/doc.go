// Package aprimotest simulates an Aprimo tenant, for the tests of programs that
// call Aprimo. What net/http/httptest is for net/http, this is for Aprimo.
//
// The zero [Tenant] does what Aprimo says a tenant does: 15 requests begin in a
// second, 100 more wait in a queue and are answered late, and the rest is
// answered 429. Most tests need one call, [Tenant.Transport]:
//
//	func TestImport(t *testing.T) {
//		synctest.Test(t, func(t *testing.T) {
//			var tenant aprimotest.Tenant
//			client := &http.Client{Transport: tenant.Transport()}
//
//			importThousandRecords(client, "https://acme.dam.aprimo.com")
//
//			if n := tenant.Report().Total.Rejected; n > 0 {
//				t.Errorf("Aprimo answered 429 %d times", n)
//			}
//		})
//	}
//
// It has no socket and keeps no goroutine, so that in a bubble of testing/synctest the
// minutes such an import lasts are over in milliseconds. For a socket, give the
// Tenant to httptest.NewServer; time is real then.
//
// # The limit
//
// The limit is that of the tenant: over all integrations, users and hosts. The
// numbers are from Aprimo's page
// https://developers.aprimo.com/digital-asset-management/rest-api/rate-limits/.
// It does not say how the waiting requests are let go, so there are three ways
// to choose from, see [Release], nor what an answer 429 looks like, see
// [Rejection]. Whether requests for tokens count is not said either; here they do
// not. All others count, also those that are answered 401, 404 or 405.
//
// Who comes first goes first. A request is told when it will begin as it
// arrives; a client that hangs up while it waits still uses its place and its
// part of the rate, as no server can be relied on to notice.
//
// Other integrations share the limit unseen. [Load] stands for them: it takes
// places and tokens, and costs nothing. What became of them, and of all others,
// is in the [Report], by User-Agent.
//
// # The API
//
// There are these routes, at any host name:
//
//	POST /login/connect/token     client_credentials, password, refresh_token
//	GET  /api/core/records        page and pageSize, in the query or the header
//	POST /api/core/records        keeps status, contentType and tag
//	GET  /api/core/record/{id}
//
// Any client is known and any secret is right, as long as there is one. Tokens
// last an hour. They are JWTs in form, with Aprimo's claims, but nobody signed
// them: they are good for this tenant alone. Answers are in the flat form of
// application/json, whatever the request accepts. Where Aprimo's documents give
// no name for the type of an exception, the name here is a guess.
//
// # What it does not do
//
// It has no search, orders, uploads or users; it does not look at API-VERSION;
// select headers select nothing. It does not slow down under heavy operations
// unless [Tenant.Service] says so. It stands for Aprimo's documents, not for
// Aprimo's servers: what passes here can still meet a surprise there.
//
// # Concurrency and determinism
//
// All of it is safe for concurrent use. The queue is worked out under a lock that
// is never held over a wait, and random loads come from [Tenant.Seed]. So two runs
// in virtual time have the same report if the requests come at the same times;
// only which of the requests of one instant is first is left to the scheduler.
package aprimotest
