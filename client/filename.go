package client

import (
	"errors"
	"fmt"
	"mime"
	"net/url"
	"path"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const maxName = 200 // bytes: a file system takes 255, and .part.json is added

// fileName returns the name for a file: the storage's, the link's, or a last
// resort. It is one name in a directory, whatever the storage says.
func fileName(disposition string, link *url.URL) string {
	names := []string{path.Base(link.Path), "download"}
	if _, params, err := mime.ParseMediaType(disposition); err == nil {
		names = append([]string{params["filename"]}, names...)
	}
	for _, name := range names {
		if name = safeName(name); name != "" {
			return name
		}
	}
	return "download"
}

// names are those that are taken in a directory by downloads of one order.
type names struct {
	mu    sync.Mutex
	taken map[string]bool
}

// distinct gives a download a name of its own among others.
func distinct(n *names) DownloadOption {
	return func(d *download) { d.name = n.take }
}

// take returns a name that is free. Case does not matter, as to some file systems.
func (n *names) take(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for i := 2; n.taken[strings.ToLower(name)]; i++ {
		name = fmt.Sprintf("%s (%d)%s", stem, i, ext)
	}
	if n.taken == nil {
		n.taken = map[string]bool{}
	}
	n.taken[strings.ToLower(name)] = true
	return name
}

// safeName makes a name safe for all file systems: no directory, no hidden file, no
// device of Windows; "" if nothing is left.
func safeName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	for len(name) > maxName { // at the end of the stem, so that the extension stays
		ext := path.Ext(name)
		if len(ext) > 20 {
			ext = ""
		}
		stem := strings.TrimSuffix(name, ext)
		_, size := utf8.DecodeLastRuneInString(stem)
		name = stem[:len(stem)-size] + ext
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch strings.TrimSpace(stem) {
	case "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9",
		"LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9":
		name = "_" + name
	}
	return name
}

const (
	forbiddenInNames = `<>:"/\|?*` // the REST guide
	maxFileName      = 255         // of the common file systems, in bytes
)

func checkFileName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("the file name is empty: give it with UploadName")
	case len(name) > maxFileName:
		return fmt.Errorf("the file name has %d bytes, more than %d: give a shorter one with UploadName", len(name), maxFileName)
	case !utf8.ValidString(name):
		return fmt.Errorf("the file name %q is not UTF-8: give another with UploadName", name)
	}
	for _, r := range name {
		if forbidden(r) {
			return fmt.Errorf("the file name %q has a %q, which Aprimo forbids: give another with UploadName, such as %q", name, r, allowedName(name))
		}
	}
	return nil
}

func forbidden(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(forbiddenInNames, r) }

func allowedName(name string) string {
	return strings.Map(func(r rune) rune {
		if forbidden(r) {
			return '_'
		}
		return r
	}, name)
}
