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

// maxName is in bytes. File systems allow 255, and .part.json is appended.
const maxName = 200

// fileName returns the name for a downloaded file, from the Content-Disposition header, the
// link, or a default. Whatever the storage sends, it is a single safe path element.
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

// names holds the file names that an order's downloads use in a directory.
type names struct {
	mu   sync.Mutex
	used map[string]bool
}

// distinct gives each download a different name.
func distinct(n *names) DownloadOption {
	return func(d *download) { d.name = n.claim }
}

// claim returns an unused name. It ignores case, as some file systems do.
func (n *names) claim(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for i := 2; n.used[strings.ToLower(name)]; i++ {
		name = fmt.Sprintf("%s (%d)%s", stem, i, ext)
	}
	if n.used == nil {
		n.used = map[string]bool{}
	}
	n.used[strings.ToLower(name)] = true
	return name
}

// safeName makes a name safe for all file systems: it is no path, no hidden file and no
// Windows device. It returns "" if nothing remains.
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
	for len(name) > maxName { // shortens the stem and keeps the extension
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
	forbiddenInNames = `<>:"/\|?*` // by the REST guide
	maxFileName      = 255         // bytes, in common file systems
)

func checkFileName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("the file name is empty: set it with UploadName")
	case len(name) > maxFileName:
		return fmt.Errorf("the file name has %d bytes, the maximum is %d: set a shorter one with UploadName", len(name), maxFileName)
	case !utf8.ValidString(name):
		return fmt.Errorf("the file name %q is not UTF-8: set another with UploadName", name)
	}
	for _, r := range name {
		if forbidden(r) {
			return fmt.Errorf("the file name %q contains %q, which Aprimo forbids: set another with UploadName, for example %q", name, r, allowedName(name))
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
