package client_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/aprimo-go/aprimo/client"
)

func ExampleUploads_Reader() {
	c := acme()
	up, err := c.Uploads.Reader(context.Background(), "note.txt", strings.NewReader("hello"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(up.Name, up.Size, up.Token != "")

	_, err = c.Uploads.Reader(context.Background(), "what?.txt", strings.NewReader("hello"))
	fmt.Println(err)
	// Output:
	// note.txt 5 true
	// aprimo: upload: the file name "what?.txt" has a '?', which Aprimo forbids: give another with UploadName, such as "what_.txt"
}

func ExampleUploadProgress() {
	c := acme()
	film := strings.NewReader(strings.Repeat("film", 6_250_000))
	_, err := c.Uploads.ReaderAt(context.Background(), "film.mp4", film, film.Size(), client.UploadParallel(1),
		client.UploadProgress(func(done, total int64) { fmt.Printf("%d %%\n", 100*done/total) }))
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 %
	// 40 %
	// 80 %
	// 100 %
}
