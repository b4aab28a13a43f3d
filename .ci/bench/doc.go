// Package bench compares this SDK with its alternatives. It has only benchmarks, and a
// module of its own, so that users of the SDK do not download the alternatives.
// README.md says how to run it, and the results.
package bench
