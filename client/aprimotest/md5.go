package aprimotest

import (
	"crypto/md5"
	"encoding/base64"
	"io"
	"net/http"
)

// maxMD5 is the size up to which a file has a Content-MD5. As at Azure, one that
// was put together from blocks has none.
const maxMD5 = 16 << 20

func setMD5(w http.ResponseWriter, c *content) {
	if c.size > maxMD5 {
		return
	}
	hash := md5.New()
	io.Copy(hash, c.reader())
	w.Header().Set("Content-MD5", base64.StdEncoding.EncodeToString(hash.Sum(nil)))
}
