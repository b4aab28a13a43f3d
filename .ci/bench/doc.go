// Package bench measures this SDK beside what one would take instead. It has
// benchmarks alone, and a module of its own, so that users never download the
// others. README.md says how to run it, and what came out.
package bench
