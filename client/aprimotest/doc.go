// Package aprimotest simulates an Aprimo tenant, for the tests of programs that
// call Aprimo. What net/http/httptest is for net/http, this is for Aprimo.
//
// The zero [Tenant] behaves as Aprimo documents it: 15 requests begin in a second, up to
// 100 more wait in a queue and are answered late, and the rest are answered 429. Most
// tests need one call, [Tenant.Transport]:
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
// It needs no socket and keeps no goroutine, so in a bubble of testing/synctest an import of
// several minutes takes milliseconds. To use a socket and real time, pass the Tenant to
// httptest.NewServer.
//
// # The limit
//
// The limit applies to the tenant: to all integrations, users and hosts together. The
// numbers are those of
// https://developers.aprimo.com/digital-asset-management/rest-api/rate-limits/.
// That page does not say how queued requests are released ([Release]), what a 429 looks like
// ([Rejection]), or whether token requests count; here they do not. All other requests count,
// also those answered 401, 404 or 405.
//
// The queue is first come, first served. When a request will begin is decided as it arrives.
// A client that disconnects while it is queued still uses its place and its part of the
// rate, because no server can be relied on to notice.
//
// Other integrations share the limit, unseen by the client. A [Load] simulates one. The
// [Report] says, by User-Agent, what happened to all requests.
//
// # The API
//
// The objects of the DAM, what can be changed and selected, and their paths are in tables,
// kinds_*.go, so that they can be compared with Aprimo's guide; each entry names its source.
// A kind that can be listed is at /api/core/{plural}, and one object of it at
// /api/core/{singular}/{id}, with GET, POST, PUT and DELETE. Linked parts are below the
// object: record/{id}/fields, fileversion/{id}/renditions, collection/{id}/comments,
// classification/{id}/recordpermissions. The calls that no table describes are in calls.go:
// among them searches, the trail, locks and check-outs, orders of eleven types, and settings.
// Outside the DAM there are
//
//	/login/connect/token                  client_credentials, password,
//	                                      authorization_code, refresh_token
//	/login/connect/authorize              logs in at once, and redirects
//	/login/.well-known/openid-configuration
//	/api/oauth/create-native-token        of the time before OAuth, with /api/token
//	/uploads, /api/core/uploads           a form, or a fileName for a blob
//	/uploads/segments                     open, send, commit, cancel
//	/api/{resource}                       marketing operations: 60 kinds with their
//	                                      sub-resources and verbs, and any other
//	/api/chunk/upload, /api/chunk/complete
//	/analytics/, /analytics/meta          counts by kind
//	/blob/, /cdn/                         signed links: not Aprimo, so not limited
//
// The fixed parts of a path may be in any case, as may the names of parameters and those in a
// body; a path may end with a slash; an id may have any of its forms. A body may use the
// extensions of JSON that the parser of Aprimo's servers accepts. [Strict] rejects what is not
// in the guide.
//
// The Accept header decides the form of a response: application/hal+json, the default, has
// links, and selected parts in _embedded; application/json has no links, and parts beside
// the properties, null if they are not selected. Select-{kind} requests parts and properties
// that are otherwise hidden, such as the title of a record; a kind is expanded at most twice
// in a path. Texts are in the languages of the languages header, English by default. Times
// are exact to 3 or 4 milliseconds, as in the database of real tenants: two changes can have
// the same.
//
// An object of marketing operations has all members of its kind, null or empty unless they
// were set. Of a kind that the API cannot create, such as a program, there is one object with
// the id 1 from the start, and of lookups there are three; tests can create more all the
// same. Chunked uploads are in [Tenant.Uploads], with "chunks/" before their identifier.
//
// A search understands =, <>, <, <=, >, >=, CONTAINS, IN, IN today, and, or, not,
// parentheses, ?, @0 and @name, wildcards, free words, and the default operator between them.
// Of a record it can test its properties, the names and labels of fields, FieldName('X'),
// FieldId('id'), Collection('id'), Classification.X, FileCount, LatestVersionOfMasterFile.X
// and File.Version.FileType.X; of any other object its own properties, the Label in any
// language, and those of linked objects, such as parent.id. There are eighteen types of
// facets. A tenant can start with a hundred thousand records: each takes eight bytes until it
// is changed.
//
// An [Upload] has the size and the hashes of its segments. The content is kept up to 1 MiB:
// for a larger upload, and for the files of the records at the start, downloads return a
// pattern of the same size.
//
// Any client id and secret are accepted, but a required secret must not be empty. Tokens are
// unsigned JWTs with Aprimo's claims, valid for this tenant only. A refresh token is valid
// once. The user of a token is the username for a password, [Tenant.Login] for a code, and
// the client's name with -user for client_credentials.
//
// # Guesses
//
// What no document, no sample and no known client says is a guess. Most guesses have a setting:
// a field of [Guesses], [Tenant.IndexDelay], [Tenant.SearchCeiling], [Tenant.SignedFor] or
// [Tenant.DeleteTrees]. These have none, but a test can avoid them:
//
//   - the number of the priority Medium is 0 and of High 1: send a number instead
//   - the conditions and actions of a rule without an index count from 0: send an index
//   - the numbers of lookups, apart from the status of tasks and the tokens of users: PUT
//     your own to /api/lookup/{id}
//   - the trail shows record links as items that were added and removed: read the field
//   - the trail has a recordDownloaded for each file of a download order, from its start
//
// The sources in the tables say what else is one: the members of an actiontype, the value of
// a calculatedpermission, and that a maintenancejob succeeds at once.
//
// The tables are tested against the types of an independent client and the samples of a real
// tenant, in testdata/shapes.json. A program that passes here can still fail there.
//
// # Differences from aprimo-js
//
// In the following the types of aprimo-js 2.3.0 differ from real answers or from the guide,
// which the tenant follows: updates of permissions, field groups and rules are answered 204
// without a body, not with the object; skip and take are present only if they were requested;
// the values of a facet are objects, not texts; the tag of a collection is null; a search for
// classifications returns no records and has no facets; the locks of a record are a list;
// settings.getByName with two names returns a list.
//
// # Limitations
//
// A search finds a change of a record at once; only new records are indexed late. Permissions
// are not checked and locks reject nothing, except that a file that another user has checked
// out accepts no new version. A version has the original as its only rendition. Rules and
// expressions in default values are not evaluated. Orders other than download and publicCdn
// succeed without a file. A target that does not exist makes an order PartiallyFailed. Heavy
// operations do not slow the tenant down unless [Tenant.Service] says so.
//
// # Concurrency and determinism
//
// All of it is safe for concurrent use. Random loads come from [Tenant.Seed]. Two runs in
// virtual time have the same report if requests come at the same times; only the order of
// requests in the same instant depends on the scheduler.
package aprimotest
