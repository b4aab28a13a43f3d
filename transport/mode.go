package transport

// A WindowMode is what the window, the bound on the requests in flight, is doing.
type WindowMode string

// The modes of the window.
const (
	// ModeOff: WithWindow has switched it off.
	ModeOff WindowMode = "off"
	// ModeOpening: it grows with each answer, until it meets a queue.
	ModeOpening WindowMode = "opening"
	// ModeSteady: it keeps a few of our requests in the server's queue when
	// there is one, and so gets what others leave.
	ModeSteady WindowMode = "steady"
	// ModeProbing: for a moment it lets but one be in flight, to see how fast
	// the server is without our queue.
	ModeProbing WindowMode = "probing"
	// ModeCompeting: others keep the server's queue full whatever we do; a fixed
	// share is held, so that we are not starved.
	ModeCompeting WindowMode = "competing"
)
