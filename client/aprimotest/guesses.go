package aprimotest

// Guesses are answers that no document, sample or known client gives. The zero value is what
// the tenant guesses; each field makes it answer otherwise. A test that passes with either
// does not depend on the guess.
type Guesses struct {
	// Exceptions are the exceptionTypes of errors by their status. Only that of 404 is known;
	// the guess for most others is System.ArgumentException.
	Exceptions map[int]string

	// NoHeader is the status of a request without a header that is required, see
	// [Tenant.RequireHeaders]. Zero means 400.
	NoHeader int

	// Twin is the status if a classification has the name of another one beside it. Zero
	// means 409.
	Twin int

	// Paths are the paths of some kinds, by the guessed ones: subscription, subscriptions,
	// imageoverlay, imageoverlays, uniquekeyindex, csp and info. The tenant answers at both;
	// its links have the guessed one.
	Paths map[string]string

	// WholeWords makes CONTAINS and free words find whole words only. The guess is any part of a text.
	WholeWords bool

	// OwnCommentsRead makes the comments of a user count as read by the user. The guess is
	// that they are unread until the user says otherwise.
	OwnCommentsRead bool

	// LinksReplaced makes a change of a record link remove the links that it does not name,
	// such as the parents if it has children. The guess is that they stay.
	LinksReplaced bool

	// FieldsTrailed leaves changes of a record out of the trail that change no field. The
	// guess is that they have an entry without changes.
	FieldsTrailed bool

	// States are the numbers of the states of marketing operations, by the verb that leads
	// to each, such as projects/start. The guess is the place of the verb in the table of
	// its kind, from 1.
	States map[string]int

	// OmitNull makes marketing operations leave out the members without a value. The guess
	// is that they are null.
	OmitNull bool

	// VerbObject makes a verb that changes a state answer 200 with the object. The guess is
	// 204.
	VerbObject bool

	// Created is the status of a new object of marketing operations. Zero means 201, and
	// 200 of a group.
	Created int

	// MissingChunk is the status if a chunk is asked for that was not sent. Zero means 204.
	MissingChunk int

	// Failure returns the body of an error of marketing operations, which is encoded as
	// JSON. Nil means the form of the DAM.
	Failure func(status int, message string) any
}
