package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aprimo-go/aprimo/transport"
)

// Orders orders files, waits until Aprimo has prepared them, and downloads them.
type Orders struct {
	Reader[Order]
	waiting atomic.Int64
}

// Create creates an order and returns its current state. A small order is often complete
// already; check [OrderStatus.Final].
func (r *Orders) Create(ctx context.Context, request *OrderRequest, opts ...CallOption) (*Order, error) {
	if request == nil || len(request.Targets) == 0 {
		return nil, errors.New("aprimo: order: no Targets: set OrderRequest.Targets")
	}
	order, err := create[Order](ctx, r.c, r.collection, request, opts)
	if err == nil && order.ID == "" {
		err = errors.New("aprimo: order: it was created, but the response has no id")
		return nil, &UnknownOutcomeError{Err: err, created: true, advice: "find it with List instead of creating it again"}
	}
	return order, err
}

// Run creates an order and waits until it is complete. See Create and Wait.
func (r *Orders) Run(ctx context.Context, request *OrderRequest, opts ...CallOption) (*Order, error) {
	order, err := r.Create(ctx, request, opts...)
	if err != nil {
		return nil, err
	}
	if order.Status.Final() {
		return order, order.err()
	}
	return r.Wait(ctx, order.ID, opts...)
}

const (
	firstPollDelay, maxPollDelay = time.Second, 30 * time.Second
	pollDelayGrowth              = 1.5

	// pollRate is the number of calls a second that all waiting orders make together,
	// of the tenant's 15.
	pollRate = 1
)

// Wait returns an order when it is complete. It polls after a second, then at increasing
// intervals of up to 30 seconds. All concurrent Waits of a Client together poll about once a
// second, with the priority [transport.Batch], so that they do not delay other calls. If
// the order did not deliver everything, the error is an [*OrderError] and the order is
// returned as well. Failures of the server that last less than half an hour do not end Wait.
// Any other error is an [*UnknownOutcomeError] with the order's id: Wait can be called again
// with it. The token's user needs the role View Maintenance Jobs.
func (r *Orders) Wait(ctx context.Context, id string, opts ...CallOption) (*Order, error) {
	if transport.PriorityFromContext(ctx) == transport.Normal {
		ctx = transport.ContextWithPriority(ctx, transport.Batch)
	}
	defer r.waiting.Add(-1)
	r.waiting.Add(1)
	lastAnswer := time.Now()
	for delay := firstPollDelay; ; delay = min(maxPollDelay, time.Duration(float64(delay)*pollDelayGrowth)) {
		shared := time.Duration(r.waiting.Load()) * time.Second / pollRate
		err := sleep(ctx, jitter(max(delay, shared)))
		var order *Order
		if err == nil {
			order, err = r.Get(ctx, id, opts...)
		}
		switch {
		case err == nil && order.Status.Final():
			return order, order.err()
		case err == nil && order.Status != "":
			lastAnswer = time.Now()
		case err != nil && !passes(ctx, err) || time.Since(lastAnswer) > waitPatience:
			err = cmp.Or(err, errNoStatus)
			err = fmt.Errorf("aprimo: order %s: %w", clean(id), err)
			return nil, &UnknownOutcomeError{ID: id, Err: err, advice: "the order may continue: call Orders.Wait again with its id"}
		}
	}
}

// waitPatience is for how long Wait polls without an answer: longer than a server needs to
// restart.
const waitPatience = 30 * time.Minute

var errNoStatus = errors.New("the response has no status")

// jitter changes d by up to 10 %, so that orders created together are not polled together.
func jitter(d time.Duration) time.Duration { return d*9/10 + rand.N(d/5+1) }

// The types of orders. Each delivers files in another way.
const (
	OrderDownload                   = "download"
	OrderEmail                      = "email"
	OrderFTP                        = "ftp"
	OrderFTPResort                  = "ftpResort"
	OrderShareDownloadLink          = "shareDownloadLink"
	OrderPublicCDN                  = "publicCdn"
	OrderPublicCDNAdaptiveStreaming = "publicCdnAdaptiveStreaming"
	OrderAkamaiCDN                  = "akamaiCdn"
	OrderBrandTemplate              = "brandTemplate"
	OrderBrandTemplatePreprocessing = "brandTemplatePreprocessing"
)

// UseCDN says whether delivered files are served by Aprimo's CDN. The zero value leaves it to
// the server.
type UseCDN string

// The values of UseCDN.
const (
	CDNAutomatic UseCDN = "Automatic"
	CDNNo        UseCDN = "No"
)

// An OrderRequest describes an order. Targets is required.
type OrderRequest struct {
	// Type is [OrderDownload], [OrderEmail] or another. The default is OrderDownload.
	Type    string        `json:"type"`
	Targets []OrderTarget `json:"targets"`

	// Notify makes Aprimo send a mail when the order is complete. The default is
	// no mail, since integrations rarely want it.
	Notify       bool   `json:"-"`
	CreatorEmail string `json:"creatorEmail"`

	// DisableProcessing is "Yes" or "YesIfPermissionGranted" to deliver the files
	// unprocessed, which is fast but needs a permission of that name. The default is
	// "No".
	DisableProcessing    string    `json:"disableProcessing"`
	SingleFileZipMode    string    `json:"singleFileZipMode"` // "never" delivers a single file as it is
	UseCDN               UseCDN    `json:"useCDN"`
	Priority             int       `json:"priority"`
	EarliestStartDate    time.Time `json:"earliestStartDate"`
	DownloadAgreementIDs []string  `json:"downloadAgreementIds"` // that the user has accepted

	// For OrderEmail and OrderShareDownloadLink.
	EmailRecipients []string `json:"emailRecipients"`
	EmailSubject    string   `json:"emailSubject"`
	EmailBody       string   `json:"emailBody"`
	SendEmail       bool     `json:"sendEmail"` // for OrderShareDownloadLink

	// For OrderFTP. What else a server needs, such as its password, is set with Extra.
	FTPHostname     string `json:"ftpHostname"`
	FTPPort         int    `json:"ftpPort"`
	FTPUsername     string `json:"ftpUsername"`
	FTPDirectory    string `json:"ftpDirectory"`
	ConnectionType  string `json:"connectionType"` // Normal, ImplicitEncryption, ExplicitSslEncryption or ExplicitTlsEncryption
	PassiveTransfer bool   `json:"passiveTransfer"`

	// For OrderBrandTemplate.
	CustomizationID string   `json:"customizationId"`
	Presets         []string `json:"presets"`

	Extra Extra
}

// MarshalJSON encodes the fields that are not zero, and disableNotification unless Notify is
// set.
func (r OrderRequest) MarshalJSON() ([]byte, error) {
	r.Type = cmp.Or(r.Type, OrderDownload)
	data, err := encodeModel(&r)
	if err != nil || r.Notify || bytes.Contains(data, []byte(`"disableNotification":`)) {
		return data, err
	}
	return append([]byte(`{"disableNotification":true,`), data[1:]...), nil
}

// An OrderTarget selects the files of an order: of a record, a version or an additional
// file, or with RecordIDs of many records, which the server does not check in advance.
type OrderTarget struct {
	RecordID         string       `json:"recordId"`
	RecordIDs        []string     `json:"recordIds"`
	Filter           *OrderFilter `json:"filter"` // with RecordIDs
	FileVersionID    string       `json:"fileVersionId"`
	AdditionalFileID string       `json:"additionalFileId"`

	// TargetTypes are "Document", "MasterPreview", "MasterThumbnail",
	// "AdditionalFiles", "Renditions", … The default is "Document".
	TargetTypes   []string      `json:"targetTypes"`
	AssetType     string        `json:"assetType"`
	RenditionName string        `json:"renditionName"` // for OrderPublicCDN
	Actions       []OrderAction `json:"actions"`

	// These are only in responses.
	ID           string `json:"id"`
	Status       string `json:"status"` // pending, succeeded, failed or partiallyfailed
	FileName     string `json:"fileName"`
	Message      string `json:"message"`
	ErrorDetails string `json:"errorDetails"`

	Extra Extra
}

// MarshalJSON encodes the fields that are not zero.
func (t OrderTarget) MarshalJSON() ([]byte, error) {
	if len(t.TargetTypes) == 0 {
		t.TargetTypes = []string{"Document"}
	}
	if t.AssetType == "" && (t.RecordID != "" || len(t.RecordIDs) > 0) {
		t.AssetType = "LatestVersionOfMasterFile"
	}
	return encodeModel(&t)
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (t *OrderTarget) UnmarshalJSON(data []byte) error { return decodeModel(data, t) }

// An OrderFilter selects among the files of many records.
type OrderFilter struct {
	Extensions []string `json:"extensions,omitempty"`
	FileName   string   `json:"filename,omitempty"`
}

// An OrderAction processes a file before delivery. Actions include "resizeImage",
// "cropImage", "transcodeVideo" and "createPackage".
type OrderAction struct {
	Action     string         `json:"action"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

// An OrderStatus is the status of an order.
type OrderStatus string

// The statuses of an order. The last four are final.
const (
	OrderPending         OrderStatus = "Pending"
	OrderQueued          OrderStatus = "Queued"
	OrderScheduled       OrderStatus = "Scheduled"
	OrderExecuting       OrderStatus = "Executing"
	OrderAsyncPending    OrderStatus = "AsyncPending"
	OrderAsyncExecuting  OrderStatus = "AsyncExecuting"
	OrderSuccess         OrderStatus = "Success"
	OrderPartiallyFailed OrderStatus = "PartiallyFailed"
	OrderFailed          OrderStatus = "Failed"
	OrderCancelled       OrderStatus = "Cancelled"
)

// UnmarshalText decodes a status. It ignores the case of those above: an order whose status is not
// recognized as final would be waited for without end.
func (s *OrderStatus) UnmarshalText(text []byte) error {
	*s = inCaseOf(text, OrderPending, OrderQueued, OrderScheduled, OrderExecuting, OrderAsyncPending, OrderAsyncExecuting,
		OrderSuccess, OrderPartiallyFailed, OrderFailed, OrderCancelled)
	return nil
}

// Final reports whether an order with this status no longer changes.
func (s OrderStatus) Final() bool {
	return s == OrderSuccess || s == OrderPartiallyFailed || s == OrderFailed || s == OrderCancelled
}

// An Order is the state of an order. Properties of a single type of order are in Extra.
type Order struct {
	ID      string      `json:"id"`
	Type    string      `json:"type"`
	Status  OrderStatus `json:"status"`
	Message string      `json:"message"` // Aprimo's reason for a failure

	DeliveredFiles     []DeliveredFile    `json:"deliveredFiles"`
	TotalFileSize      int64              `json:"totalFileSize"`      // bytes
	FailedTargetsCount int                `json:"failedTargetsCount"` // select targets to know which
	Targets            Items[OrderTarget] `json:"targets"`            // if selected

	UseCDN              UseCDN `json:"useCDN"`
	DisableProcessing   string `json:"disableProcessing"`
	DisableNotification bool   `json:"disableNotification"`
	CreatorEmail        string `json:"creatorEmail"`
	Priority            int    `json:"priority"`
	ExecutionTime       string `json:"executionTime"` // as hours:minutes:seconds

	EarliestStartDate time.Time `json:"earliestStartDate"`
	StartedOn         time.Time `json:"startedOn"`
	CreatedOn         time.Time `json:"createdOn"`
	CreatedBy         *User     `json:"createdBy"` // if selected

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (o *Order) UnmarshalJSON(data []byte) error { return decodeModel(data, o) }

// MarshalJSON encodes the fields that are not zero.
func (o Order) MarshalJSON() ([]byte, error) { return encodeModel(&o) }

// err returns an *OrderError unless the order delivered everything.
func (o *Order) err() error {
	if o.Status == OrderSuccess {
		return nil
	}
	return &OrderError{o}
}

// A DeliveredFile is the location of an order's file. Keep the URI secret: it allows reading
// the file, for about 30 hours. Fetch it with [Downloads].
type DeliveredFile struct{ URI string }

// UnmarshalJSON decodes the string of a download order or the object of a CDN order.
func (f *DeliveredFile) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' || string(data) == "null" {
		return json.Unmarshal(data, &f.URI)
	}
	var object struct{ DeliveredPath, URI string }
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	f.URI = cmp.Or(object.DeliveredPath, object.URI)
	return nil
}

// MarshalJSON encodes the URI as a string.
func (f DeliveredFile) MarshalJSON() ([]byte, error) { return json.Marshal(f.URI) }

// String returns the URI without its secret query.
func (f DeliveredFile) String() string { return clean(f.URI) }

// An OrderError means that an order did not deliver everything. If it failed partially,
// Order has the delivered files.
type OrderError struct{ Order *Order }

// Error returns the order's id, status, number of failed targets and message.
func (e *OrderError) Error() string {
	o := e.Order
	text := fmt.Sprintf("aprimo: order %s: %s", clean(o.ID), clean(string(o.Status)))
	if o.FailedTargetsCount > 0 {
		text += fmt.Sprintf(", targets failed: %d", o.FailedTargetsCount)
	}
	if o.Message != "" {
		text += ": " + clean(o.Message)
	}
	return text
}

// orderParallel is the number of files of an order downloaded in parallel.
const orderParallel = 4

// A Downloaded is the outcome for one file of an order.
type Downloaded struct {
	File DeliveredFile
	Path string // empty on failure
	Err  error  // nil on success
}

// Download creates an order, waits until it is complete, and downloads its files into a
// directory, four at a time. It creates the directory if it does not exist. See Run and
// [Downloads.Fetch]. It returns the outcome for each file. The error joins those of the order,
// which may still have delivered some files, and of the files; an order without files is an
// error, too. Files with the same name get different ones.
func (r *Orders) Download(ctx context.Context, request *OrderRequest, dir string, opts ...DownloadOption) ([]Downloaded, error) {
	if err := os.MkdirAll(cmp.Or(dir, "."), 0o777); err != nil {
		return nil, printable(fmt.Errorf("aprimo: order: the directory for its files: %w", err))
	}
	order, err := r.Run(ctx, request)
	if order == nil {
		return nil, err
	}
	if err == nil && len(order.DeliveredFiles) == 0 {
		return nil, fmt.Errorf("aprimo: order %s: it is complete, but has no files: check what its targets select", clean(order.ID))
	}
	files := make([]Downloaded, len(order.DeliveredFiles))
	var group errgroup.Group
	group.SetLimit(orderParallel)
	all := orderProgress{total: order.TotalFileSize}
	opts = append(slices.Clip(opts), distinct(&names{}), all.add)
	for i, file := range order.DeliveredFiles {
		group.Go(func() error {
			d := &files[i]
			d.File = file
			guard("DownloadProgress", &d.Err, func() (err error) {
				d.Path, err = r.c.Downloads.fetch(ctx, r.c.Downloads.tenant, file.URI, cmp.Or(dir, "."), opts)
				return err
			})
			return nil
		})
	}
	group.Wait()
	for _, f := range files {
		err = errors.Join(err, f.Err)
	}
	return files, err
}

// An orderProgress is the progress of all files of an order.
type orderProgress struct {
	mu          sync.Mutex
	done, total int64 // bytes
}

// add is a DownloadOption. It makes a download report the progress of all.
func (p *orderProgress) add(d *download) {
	report, before := d.progress, int64(0)
	if report == nil {
		return
	}
	d.progress = func(done, _ int64) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.done += done - before
		before = done
		if p.total < max(1, p.done) {
			p.total = -1 // the server did not say it, or meant other files
		}
		report(p.done, p.total)
	}
}

// A DownloadLink is the result of an order or a maintenance job.
type DownloadLink struct {
	ID                    string          `json:"id"`
	Type                  string          `json:"type"`
	Title                 string          `json:"title"`
	Description           string          `json:"description"`
	ErrorDescription      string          `json:"errorDescription"`
	Status                OrderStatus     `json:"status"`
	DeliveredFiles        []DeliveredFile `json:"deliveredFiles"`
	SucceededRecordsCount int             `json:"succeededRecordsCount"`
	FailedRecordsCount    int             `json:"failedRecordsCount"`
	FailedTargetsCount    int             `json:"failedTargetsCount"`
	DownloadAgreementIDs  []json.Number   `json:"downloadAgreementIds"`
	CreatedOn             time.Time       `json:"createdOn"`
	CreatedBy             *User           `json:"createdBy"` // if selected

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (d *DownloadLink) UnmarshalJSON(data []byte) error { return decodeModel(data, d) }

// MarshalJSON encodes the fields that are not zero.
func (d DownloadLink) MarshalJSON() ([]byte, error) { return encodeModel(&d) }

// A MaintenanceJob changes or exports many records in the background. It is a heavy
// operation for the server. Its targets are in Extra, if selected.
type MaintenanceJob struct {
	ID                  string              `json:"id"`
	Type                string              `json:"type"`
	Status              OrderStatus         `json:"status"`
	Message             string              `json:"message"` // why it failed
	Actions             []MaintenanceAction `json:"actions"`
	TargetsCount        int                 `json:"targetsCount"`
	FailedTargetsCount  int                 `json:"failedTargetsCount"`
	CreatorEmail        string              `json:"creatorEmail"`
	Priority            int                 `json:"priority"`
	DisableNotification bool                `json:"disableNotification"`
	ExecutionTime       string              `json:"executionTime"` // as hours:minutes:seconds

	EarliestStartDate time.Time `json:"earliestStartDate"`
	StartedOn         time.Time `json:"startedOn"`
	CreatedOn         time.Time `json:"createdOn"`
	CreatedBy         *User     `json:"createdBy"` // if selected

	Extra Extra
}

// UnmarshalJSON decodes either of Aprimo's forms of JSON.
func (m *MaintenanceJob) UnmarshalJSON(data []byte) error { return decodeModel(data, m) }

// MarshalJSON encodes the fields that are not zero.
func (m MaintenanceJob) MarshalJSON() ([]byte, error) { return encodeModel(&m) }

// A MaintenanceAction is what a maintenance job does with its targets.
type MaintenanceAction struct {
	Action      string         `json:"action"` // classifyrecord, overwritefield, recordsave, …
	Label       string         `json:"label,omitempty"`
	Description string         `json:"description,omitempty"`
	Parameters  map[string]any `json:"parameters,omitempty"`
}
