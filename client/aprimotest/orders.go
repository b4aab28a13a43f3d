package aprimotest

import (
	"net/http"
	"slices"
	"time"
)

// orderTypes are all that Aprimo takes. The download and the publicCdn deliver;
// the others do no more than succeed.
var orderTypes = []string{
	"download", "publicCdn", "email", "ftp", "ftpResort", "publicCdnAdaptiveStreaming", "shareDownloadLink",
	"contactSheet", "brandTemplate", "brandTemplatePreprocessing", "akamaiCdn",
}

// An order is a request that is worked on after it was answered.
type order struct {
	id, kind string
	cdn      bool
	made     time.Time
	works    time.Duration
	failed   int
	files    []*version
}

type orderRequest struct {
	Type              string        `json:"type"`
	DisableProcessing string        `json:"disableProcessing"`
	UseCDN            bool          `json:"useCDN"`
	Targets           []orderTarget `json:"targets"`
}

type orderTarget struct {
	RecordID    string   `json:"recordId"`
	RecordIDs   []string `json:"recordIds"`
	VersionID   string   `json:"fileVersionId"`
	Additional  string   `json:"additionalFileId"`
	TargetTypes []string `json:"targetTypes"`
	AssetType   string   `json:"assetType"`
	Actions     []any    `json:"actions"`
}

func (s *store) createOrder(w http.ResponseWriter, r *http.Request) error {
	var in orderRequest
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if !slices.Contains(orderTypes, in.Type) {
		return invalid("'%s' is not a type of order", in.Type)
	}
	if len(in.Targets) == 0 {
		return invalid("An order needs targets.")
	}
	o := &order{id: s.newID(), kind: in.Type, cdn: in.UseCDN, made: time.Now(), works: s.orderTime}
	for i, target := range in.Targets {
		files := s.filesFor(target)
		if len(files) == 0 {
			return invalid("targets[%d] has no recordId, recordIds, fileVersionId or additionalFileId.", i)
		}
		for _, v := range files {
			if v == nil {
				o.failed++
			} else {
				o.files = append(o.files, v)
			}
		}
	}
	if in.DisableProcessing == "yes" && len(o.files)+o.failed == 1 {
		o.works = 0
	}
	s.orders = append(s.orders, o)
	w.Header().Set("Location", "/order/"+o.id)
	writeJSON(w, http.StatusCreated, s.viewOrder(o, r))
	return nil
}

// filesFor returns what a target is about, with nil for what is not there.
func (s *store) filesFor(target orderTarget) (files []*version) {
	switch {
	case target.Additional != "":
		return []*version{s.findAdditional(target.Additional)}
	case target.VersionID != "":
		_, v := s.findVersion(target.VersionID)
		return []*version{v}
	case target.RecordID != "":
		files = append(files, s.master(target.RecordID))
	}
	for _, id := range target.RecordIDs {
		files = append(files, s.master(id))
	}
	return files
}

// master returns the latest version of a record's master file; nil if none.
func (s *store) master(id string) *version {
	rec := s.at(numberOf(id), new(record))
	if rec == nil {
		return nil
	}
	files := s.filesOf(rec)
	if len(files) == 0 {
		return nil
	}
	return files[0].latest()
}

// status returns how far an order is: pending for a fifth of its time, executing
// for the rest.
func (o *order) status(now time.Time) string {
	switch age := now.Sub(o.made); {
	case age < o.works/5:
		return "Pending"
	case age < o.works:
		return "Executing"
	case o.failed == 0:
		return "Success"
	case len(o.files) == 0:
		return "Failed"
	}
	return "PartiallyFailed"
}

func (s *store) viewOrder(o *order, r *http.Request) map[string]any {
	status := o.status(time.Now())
	view := map[string]any{
		"_links": links{"self": {Href: baseURL(r) + apiPath + "/order/" + o.id}},
		"id":     o.id, "type": o.kind, "orderType": o.kind, "status": status, "message": nil, "deliveredFiles": []any{},
		"totalFileSize": 0, "failedTargetsCount": 0, "executionTime": nil, "startedOn": nil,
		"createdOn": stamp(o.made), "modifiedOn": stamp(o.made),
	}
	if status != "Pending" {
		view["startedOn"] = stamp(o.made.Add(o.works / 5))
	}
	if !slices.Contains([]string{"Success", "Failed", "PartiallyFailed"}, status) {
		return view
	}
	view["failedTargetsCount"] = o.failed
	view["executionTime"] = int((o.works - o.works/5).Seconds())
	if o.failed > 0 {
		view["message"] = "Some of the targets could not be found."
	}
	view["deliveredFiles"], view["totalFileSize"] = s.deliver(o, r)
	return view
}

// deliver returns the signed links to the files of an order, and how large they
// are together.
func (s *store) deliver(o *order, r *http.Request) ([]any, int64) {
	files, total := []any{}, int64(0)
	if o.kind != "download" && o.kind != "publicCdn" {
		return files, total
	}
	for _, v := range o.files {
		total += v.size
		link := s.publish(o.id+v.id, v, o.made.Add(o.works+signedFor), r)
		if o.cdn {
			link = throughCDN(link)
		}
		if o.kind == "publicCdn" {
			files = append(files, map[string]any{"deliveredPath": link})
			continue
		}
		files = append(files, link)
	}
	return files, total
}

func (s *store) getOrder(w http.ResponseWriter, r *http.Request) error {
	for _, o := range s.orders {
		if o.id == r.PathValue("id") {
			writeJSON(w, http.StatusOK, s.viewOrder(o, r))
			return nil
		}
	}
	return missing("No order was found with id '%s'.", r.PathValue("id"))
}

func (s *store) listOrders(w http.ResponseWriter, r *http.Request) error {
	window, err := pageOf(r)
	if err != nil {
		return err
	}
	items := []any{}
	first, last := window.bounds(len(s.orders))
	for _, o := range s.orders[first:last] {
		items = append(items, s.viewOrder(o, r))
	}
	writePaged(w, r, window, items, len(s.orders), nil)
	return nil
}
