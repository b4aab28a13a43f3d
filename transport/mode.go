package transport

// A Mode is what the window, the bound on the requests in flight, is doing.
type Mode string

// The modes of the window.
const (
	// ModeOff: WithWindow has switched it off.
	ModeOff Mode = "off"
	// ModeOpening: it grows with each answer, until it meets a queue.
	ModeOpening Mode = "opening"
	// ModeSteady: it keeps a few of our requests in the server's queue when
	// there is one, and so gets what others leave.
	ModeSteady Mode = "steady"
	// ModeProbing: for a moment it lets but one be in flight, to see how fast
	// the server is without our queue.
	ModeProbing Mode = "probing"
	// ModeCompeting: others keep the server's queue full whatever we do; a fixed
	// share is held, so that we are not starved.
	ModeCompeting Mode = "competing"
)
