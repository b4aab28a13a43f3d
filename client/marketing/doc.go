// Package marketing calls Aprimo's marketing operations (also called Productivity Management):
// projects, tasks, activities, invoices and some forty other kinds of objects.
//
// It uses the token, the limit, the retries and the errors of a [client.Client]. Most programs
// need one call:
//
//	mo := marketing.New(c)
//	for task, err := range mo.Tasks.Search(ctx, marketing.Where("name", "contains", "Spring")) {
//
// Every kind has the same methods; see [Kind]. The fields of [Operations] list the kinds, and
// for each kind the verbs that [Kind.Do] accepts and the lists that [Kind.In] leads to:
//
//	err := mo.Projects.Do(ctx, id, marketing.Start, nil)
//	for role, err := range mo.Projects.In(id, "project-roles").List(ctx) {
//
// Objects are [Object] values, because tenants add fields of their own and Aprimo publishes no
// complete types. [Of] gives a kind a Go type of yours:
//
//	tasks := marketing.Of[Task](mo.Tasks)
//
// [Operations.Upload] sends files in chunks and can resume. [Operations.Analytics] reads reports.
//
// The package does not check objects before it sends them, and it does not cover Aprimo's older
// SOAP API. Use [Operations.Kind] or [client.Client.Do] for an endpoint without a field here.
package marketing
