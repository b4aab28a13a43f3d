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
// Who comes first goes first. When a request will begin is known as it
// arrives; a client that hangs up while it waits still uses its place and its
// part of the rate, as no server can be relied on to notice.
//
// Other integrations share the limit unseen. [Load] stands for them: it takes
// places and tokens, and costs nothing. What became of them, and of all others,
// is in the [Report], by User-Agent.
//
// # The API
//
// What the objects of the DAM look like, what can be changed, where they are and
// what can be selected is in tables, kinds_*.go, to be held against Aprimo's guide;
// each entry says where it is known from. Whatever kind has a list has it at
// /api/core/{plural}, and one at /api/core/{singular}/{id}: GET, POST, PUT, DELETE.
// What an object has links to is below it: record/{id}/fields,
// fileversion/{id}/renditions, collection/{id}/comments,
// classification/{id}/recordpermissions. There are also
//
//	records, record/{id}                  and field/{id}, trail, trail/entry/{number},
//	                                      locks, image/preview/download
//	file/{id}/checkouts                   POST, DELETE
//	search/records, search/classifications, search/records/suggestions
//	searchindex, statistics               of which there is one
//	classification?namePath=, ?identifier=
//	collection/{id}/records               GET, PUT, POST
//	collection/{id}/comments/status       GET, PUT
//	orders, order/{id}                    of all eleven types; each leaves a downloadlink
//	settings?names=, setting/{name}       by scope
//	calculatedpermission/{name}
//
// and beside the DAM
//
//	/login/connect/token                  client_credentials, password,
//	                                      authorization_code, refresh_token
//	/login/connect/authorize              logs in at once, and redirects
//	/uploads, /api/core/uploads           a form, or a fileName for a blob
//	/uploads/segments                     open, send, commit, cancel
//	/api/{resource}                       marketing operations: 60 kinds with what is
//	                                      below them and their verbs, and any other
//	/api/chunk/upload, /api/chunk/complete
//	/analytics/, /analytics/meta          counts by kind
//	/blob/, /cdn/                         signed links: not Aprimo, so not limited
//
// What is fixed in a path may be in any case, with a slash at its end, and an id in
// any form. Names in a body may be in any case too. A body may be what the parser of
// Aprimo's servers takes beside JSON. [Strict] refuses what the guide does not have.
//
// Answers come as Accept says: application/hal+json, the default, has links and
// what is selected in _embedded; application/json has it beside the properties, null
// if it is not selected, and no links. Select-{kind} names parts and properties that
// are hidden otherwise, such as a record's title; a kind is at most twice on the way
// down. Texts come in the languages of the header languages, else in English.
//
// An object of marketing operations has all members of its kind, null or empty unless it
// was given them. What no call makes, such as a program, is there once from the start, as
// number 1, and can be created all the same, for tests. Uploads in chunks are among
// [Tenant.Uploads], with "chunks/" before their identifier.
//
// A search understands =, <>, <, <=, >, >=, CONTAINS, IN, and, or, not, parentheses,
// ? and @name, wildcards, free words, and the default operator where there is none.
// It asks of a record its properties, FieldName('X'), FieldId('id'),
// Collection('id'), Classification.X, FileCount and LatestVersionOfMasterFile.X; of
// what is no record its own properties and those of what it links to, as parent.id.
// Pages end at [Tenant.SearchCeiling]; beyond it, search again from the last
// CreatedOn. Facets are of the eighteen types. The records of the start can be a
// hundred thousand and cost eight bytes each, until they are changed.
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
// found), what is answered to a header that is missing, how long the index takes
// ([Tenant.IndexDelay]), whether the ceiling of a search is that of Elasticsearch
// ([Tenant.SearchCeiling]), how long a signed link lasts ([Tenant.SignedFor]), what
// becomes of the children of a classification that is deleted
// ([Tenant.DeleteTrees]), what the changes in a trail look like, that CONTAINS looks
// for a part of a text, nor how the paths of subscriptions, image overlays, csp and
// info are written. Of marketing operations they do not say which number a state has (here
// the verbs of a kind count from 1), whether members without a value are null or missing
// (null), what a verb is answered (204, or the object), what an error looks like (as in
// the DAM), nor what a missing chunk is answered (204). Nor do they say whether a user's own
// comments count as unread (they do, until they are read), whether the links of a record
// link that a change does not name stay (they do), from which number the conditions
// of a rule count if they have none (0), nor which number the priority Medium is (0). A
// table says so where it guesses. It stands for the documents, not for Aprimo's servers:
// what passes here can still meet a surprise there.
//
// The tables are held against two sources that were not written with this package, in
// testdata/shapes.json: the types of an independent client, and the samples of a real
// tenant.
//
// # Where an independent client disagrees
//
// The tenant was held against aprimo-js 2.3.0. Its types differ from real answers, or
// from the guide, in this, where the tenant follows the latter: updates of
// permissions, field groups, rules and the like are answered 204 without a body,
// not with the object; skip and take are there only if they were asked for; the
// values of a facet are objects, not texts; the tag of a collection is null; a
// search for classifications does not answer with records and has no facets; the
// locks of a record are a list; settings.getByName of two names answers with a list.
//
// # What it does not do
//
// A change of a record is searched at once; only a new one is found late. No
// permission is looked at, and no lock refuses anything, but a file that another
// user has checked out takes no new version. A version has the original as its only
// rendition. No rule runs, and no expression in a default value. Orders other than
// download and publicCdn succeed without a file. It does not slow down under heavy
// operations unless [Tenant.Service] says so.
//
// # Concurrency and determinism
//
// All of it is safe for concurrent use. The queue is worked out under a lock that
// is never held over a wait, and random loads come from [Tenant.Seed]. So two runs
// in virtual time have the same report if the requests come at the same times;
// only which of the requests of one instant is first is left to the scheduler.
package aprimotest
