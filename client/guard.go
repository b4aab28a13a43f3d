package client

import "fmt"

// guard calls a function of the program's on a goroutine of ours. If the function panics or
// ends the goroutine, result says so: its callers, on other goroutines, could not recover.
func guard(what string, result *error, f func() error) {
	*result = fmt.Errorf("aprimo: %s ended its goroutine", what)
	defer func() {
		if v := recover(); v != nil {
			*result = fmt.Errorf("aprimo: %s panicked: %s", what, clean(fmt.Sprint(v)))
		}
	}()
	*result = f()
}
