// Package congestion decides how many requests may be in flight, so that few of them wait
// in the server's queue.
package congestion
