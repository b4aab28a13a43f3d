package transport

import (
	"runtime/debug"
	"sync"
)

const module = "github.com/aprimo-go/aprimo"

// Version returns the version of this module that the program was built with, such as
// "v0.1.0", or "(devel)" if the build does not say.
func Version() string { return version() }

var version = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return devel
	}
	return versionIn(info)
})

// versionIn returns the version of this module in a program.
func versionIn(info *debug.BuildInfo) string {
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path != module || m.Version == "" {
			continue
		}
		if m.Replace != nil && m.Replace.Version != "" {
			return m.Replace.Version
		}
		return m.Version
	}
	return devel
}

const devel = "(devel)"
