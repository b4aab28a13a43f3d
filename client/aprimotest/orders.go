package aprimotest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An order is a request that is worked on after it was answered.
type order struct {
	id      string
	kind    *kind
	doc     document // what was sent
	made    time.Time
	works   time.Duration
	failed  int
	files   []*part
	targets []any
}

type orderRequest struct {
	Type    string        `json:"type"`
	Targets []orderTarget `json:"targets"`
}

type orderTarget struct {
	RecordID   string   `json:"recordId"`
	RecordIDs  []string `json:"recordIds"`
	VersionID  string   `json:"fileVersionId"`
	Additional string   `json:"additionalFileId"`
	Actions    []any    `json:"actions"`
}

// createOrder makes an order of any type. The download and the publicCdn deliver; the
// others do no more than succeed.
func (s *store) createOrder(w http.ResponseWriter, r *http.Request, all document) any {
	var in orderRequest
	again(all, &in)
	k := kindOf[strings.ToLower(in.Type)+"order"]
	switch {
	case k == nil:
		panic(invalid("'%s' is not a type of order.", in.Type))
	case len(in.Targets) == 0:
		panic(invalid("An order needs targets."))
	}
	doc := k.changed(nil, all)
	o := &order{id: s.newID(), kind: k, doc: doc, made: time.Now(), works: max(0, orDefault(s.tenant.OrderTime, defaultOrderTime)), targets: array(doc["~targets"])}
	for i, target := range in.Targets {
		files := s.filesFor(target)
		if len(files) == 0 {
			panic(invalid("targets[%d] has no recordId, recordIds, fileVersionId or additionalFileId.", i))
		}
		there := slices.DeleteFunc(slices.Clone(files), func(v *part) bool { return v == nil })
		o.files, o.failed = append(o.files, there...), o.failed+len(files)-len(there)
		o.targets[i].(document)["id"] = s.newID()
	}
	unprocessed := doc["disableProcessing"] != "No" && doc["disableProcessing"] != nil
	often := s.tenant.OrderTime == 0 && len(in.Targets[0].Actions) == 0 // in real tenants (CHILI, live)
	if len(o.files)+o.failed == 1 && (unprocessed || often) {
		o.works = 0
	}
	maps.Copy(doc, document{"id": o.id, "type": in.Type, "orderType": in.Type, "createdOn": stamp(o.made)})
	s.save(k, o.id, doc, "orders")
	s.keepOrder(o)
	w.Header().Set("Location", orderPath+o.id)
	w.WriteHeader(http.StatusCreated)
	return s.show(s.viewOrder(o), newQuery(r))
}

// keepOrder keeps an order, and the download link that each leaves.
func (s *store) keepOrder(o *order) {
	s.orders[o.id] = o
	s.collection("orders").add(o.doc, o.id, o.made)
	link := document{"id": s.newID(), "type": o.doc["type"], "title": "Order " + o.id, "~order": o.id, "~targets": o.targets, "~createdBy": o.doc["~createdBy"]}
	s.collection("downloadlinks").add(link, text(link["id"]), o.made)
	if o.kind.name != "publiccdnorder" {
		return
	}
	for i, v := range o.files {
		target := o.targets[min(i, len(o.targets)-1)]
		uri := document{
			"id": s.newID(), "fileName": v.fileName(), "fileVersionId": v.id, "origin": "Order", "provider": "Aprimo", "targetId": v.id,
			"recordId": valueOf(target, "recordId"), "renditionName": text(valueOf(target, "renditionName")), "renditionId": "d" + v.id[1:],
			"uri": throughCDN(s.signed(v)), "~createdBy": o.doc["~createdBy"], "~modifiedBy": o.doc["~createdBy"],
		}
		s.collection("publicuris").add(uri, text(uri["id"]), o.made)
	}
}

// filesFor returns what a target is about, with nil for what is not there.
func (s *store) filesFor(target orderTarget) (files []*part) {
	switch {
	case target.Additional != "":
		p, _ := s.findPart("additionalfile", target.Additional)
		return []*part{p}
	case target.VersionID != "":
		p, _ := s.findPart("fileversion", target.VersionID)
		return []*part{p}
	case target.RecordID != "":
		target.RecordIDs = append([]string{target.RecordID}, target.RecordIDs...)
	}
	for _, id := range target.RecordIDs {
		files = append(files, s.master(s.at(numberOf(id), new(record))))
	}
	return files
}

// status returns how far an order is: queued for a fifth of its time, executing
// for the rest.
func (o *order) status(now time.Time) string {
	switch age := now.Sub(o.made); {
	case age < o.works/5:
		return "Queued"
	case age < o.works:
		return "Executing"
	case o.failed == 0:
		return "Success"
	case len(o.files) == 0:
		return "Failed"
	}
	return "PartiallyFailed"
}

// viewOrder returns an order as it is now.
func (s *store) viewOrder(o *order) object {
	doc := maps.Clone(o.doc)
	status := o.status(time.Now())
	doc["status"], doc["executionTime"] = status, "00:00:00"
	if status != "Queued" {
		doc["startedOn"] = stamp(o.made.Add(o.works / 5))
	}
	if slices.Contains([]string{"Success", "Failed", "PartiallyFailed"}, status) {
		doc["failedTargetsCount"] = o.failed
		took := (o.works - o.works/5).Truncate(time.Second)
		doc["executionTime"] = fmt.Sprintf("%02d:%02d:%02d", int(took.Hours()), int(took.Minutes())%60, int(took.Seconds())%60)
		if o.failed > 0 {
			doc["message"] = "Some of the targets could not be found."
		}
		doc["deliveredFiles"], doc["totalFileSize"] = s.deliver(o)
	}
	return object{kind: o.kind, doc: doc, path: "order/" + o.id}
}

// deliver returns the signed links to the files of an order, and how large they
// are together.
func (s *store) deliver(o *order) ([]any, int64) {
	files, total := []any{}, int64(0)
	if o.kind.name != "downloadorder" && o.kind.name != "publiccdnorder" {
		return files, total
	}
	for _, v := range o.files {
		total += v.size
		link := s.signed(v)
		if o.doc["useCDN"] == "Automatic" {
			link = throughCDN(link)
		}
		if o.kind.name == "publiccdnorder" {
			files = append(files, document{"deliveredPath": link})
			continue
		}
		files = append(files, link)
	}
	return files, total
}

func (s *store) orderObject(id string) (object, bool) {
	o := s.orders[id]
	if o == nil {
		return object{}, false
	}
	return s.viewOrder(o), true
}

// downloadLink shows a download link with what has become of its order.
func (s *store) downloadLink(o object) document {
	doc := maps.Clone(o.doc)
	if order := s.orders[text(doc["~order"])]; order != nil {
		now := s.viewOrder(order).doc
		for _, name := range []string{"status", "deliveredFiles", "failedTargetsCount"} {
			if now[name] != nil {
				doc[name] = now[name]
			}
		}
		doc["failedRecordsCount"], doc["succeededRecordsCount"] = order.failed, len(order.files)
	}
	return doc
}
