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
// There are these routes, at any host name, and what is created is found, listed
// and searched. Those of the DAM begin with /api/core:
//
//	/records, /record/{id}                GET, POST, PUT, DELETE
//	/record/{id}/fields                   and classifications, files, masterfile,
//	                                      masterfilelatestversion, locks, trail,
//	                                      image/preview, image/thumbnail, permissions
//	/record/{id}/field/{id}               and trail/entry/{number}
//	/fileversion/{id}, /additionalfile/{id}
//	/file/{id}/checkouts                  POST, DELETE
//	POST /search/records                  and /search/records/suggestions
//	POST /search/classifications
//	/searchindex                          GET, PUT; and so are the permissions of
//	                                      a user, usergroup, collection and
//	                                      classification
//	/classification?namePath=             and /classification/{id}/children
//	/collection/{id}/records              GET, PUT
//	/orders, /order/{id}                  GET, POST
//	/fielddefinitions, /fielddefinition/{id}
//	                                      GET, POST, PUT, DELETE; and so are
//	                                      classifications, fieldgroups, contenttypes,
//	                                      filetypes, languages, translations, users,
//	                                      usergroups, permissions, collections,
//	                                      publiclinks, rules, settings, checks,
//	                                      settingdefinitions, settingcategories,
//	                                      checkcategories, maintenancejobs,
//	                                      watermarks and downloadlinks
//
// The others do not:
//
//	/login/connect/token                  client_credentials, password,
//	                                      authorization_code, refresh_token
//	/login/connect/authorize              logs in at once, and redirects
//	POST /uploads                         a form, or a fileName for a blob
//	/uploads/segments                     open, send, commit, cancel
//	/api/users/me, /api/{resource},       marketing operations: any resource
//	/api/{resource}/{id}, /api/{resource}/search
//	/blob/, /cdn/                         signed links: not Aprimo, so not limited
//
// Collections are paged by page and pageSize or by skip and take, in the query or
// the header, where a filter and a sort can be as well. Sub-resources of a record are selected with select-record, fields
// with select-record-fields; in lists there are no classifications, files or locks.
// They come as Accept says: application/hal+json has them in _embedded,
// application/json beside the properties, and without an Accept, which Aprimo
// refuses, the answer is as short as it can be.
//
// A search compares Id, CreatedOn, ModifiedOn, ContentType, Status, Title, Tag or
// FieldName('X') with a value, ? or @name; with =, <>, and for times <, <=, > and
// >=; Id IN ? takes one array. There are and, or, not and parentheses. What is no
// record is found by comparisons such as Name = 'x', joined by and. All else is
// answered 400. Pages end at [Tenant.SearchCeiling]; beyond it, search again from
// the last CreatedOn. Facets count contentType and status. The records of the start
// can be a hundred thousand and cost eight bytes each, until they are changed.
//
// An [Upload] is known by its size and the hashes of its segments, and kept only up
// to a mebibyte: of a larger one, and of the files of the records at the start, a
// pattern of the same size is delivered. An order takes [Tenant.OrderTime]. A target
// that is not there makes it PartiallyFailed.
//
// Any client is known and any secret is right, as long as there is one where one is
// needed. Tokens are JWTs in form, with Aprimo's claims, but nobody signed them: they
// are good for this tenant alone. A refresh token is good for once. The user of a
// token is the username for a password, [Tenant.Login] for a code, and the client's
// name with -user for client_credentials.
//
// # What is a guess
//
// Aprimo's documents do not say what an exception is called (but for what was not
// found), what a facet looks like in a request, what is answered to a header that
// is missing, how the conditions of a search in marketing operations are written,
// how long the index takes, what becomes of the children of a classification that is
// deleted (here that is refused with 409), or whether the ceiling of a search is that of
// Elasticsearch. It stands for the documents, not for Aprimo's servers: what passes
// here can still meet a surprise there.
//
// # What it does not do
//
// A change of a record is searched at once; only a new one is found late. No
// permission is looked at, and no lock refuses anything, but a file that another
// user has checked out takes no new version. A setting has one value for all scopes.
// There are no results of checks, no statistics, no calculated permissions, no
// renditions, and no uploads in chunks to marketing operations. Orders other than download
// and publicCdn succeed without a file. It does not slow down under heavy operations
// unless [Tenant.Service] says so.
//
// # Concurrency and determinism
//
// All of it is safe for concurrent use. The queue is worked out under a lock that
// is never held over a wait, and random loads come from [Tenant.Seed]. So two runs
// in virtual time have the same report if the requests come at the same times;
// only which of the requests of one instant is first is left to the scheduler.
package aprimotest
