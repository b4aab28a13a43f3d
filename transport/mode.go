package transport

import "github.com/aprimo-go/aprimo/transport/internal/congestion"

// A WindowMode is what the window, the bound on the requests in flight, is doing.
type WindowMode = congestion.Mode

// The modes of the window.
const (
	// ModeOff: WithWindow has switched it off.
	ModeOff = congestion.Off
	// ModeOpening: it grows with each answer, until it meets a queue.
	ModeOpening = congestion.Opening
	// ModeSteady: it keeps a few of our requests in the server's queue when
	// there is one, and so gets what others leave.
	ModeSteady = congestion.Steady
	// ModeProbing: for a moment it lets but one be in flight, to see how fast
	// the server is without our queue.
	ModeProbing = congestion.Probing
	// ModeCompeting: others keep the server's queue full whatever we do; a fixed
	// share is held, so that we are not starved.
	ModeCompeting = congestion.Competing
)
