package client

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"
)

// downloadsAtOnce is how many files of an order are fetched in parallel.
const downloadsAtOnce = 4

// A Downloaded is a file of an order: where it is now, or why it is not.
type Downloaded struct {
	File DeliveredFile
	Path string
	Err  error
}

// Download makes an order, waits, and fetches its files into a directory, four at
// once: see Run and [Downloads.Fetch]. It returns what became of each file. The
// error is that of the order, which may have delivered some files all the same, and
// those of the files. Two files with the same name get different ones.
func (r *Orders) Download(ctx context.Context, request *OrderRequest, dir string, opts ...DownloadOption) ([]Downloaded, error) {
	order, err := r.Run(ctx, request)
	if order == nil {
		return nil, err
	}
	files := make([]Downloaded, len(order.DeliveredFiles))
	var group errgroup.Group
	group.SetLimit(downloadsAtOnce)
	names := &names{}
	for i, file := range order.DeliveredFiles {
		group.Go(func() error {
			d := &files[i]
			d.File = file
			d.Path, d.Err = r.c.Downloads.Fetch(ctx, file.URI, dir, append(opts[:len(opts):len(opts)], distinct(names))...)
			return nil
		})
	}
	group.Wait()
	for _, f := range files {
		err = errors.Join(err, f.Err)
	}
	return files, err
}
