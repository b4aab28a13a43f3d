package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An order is a request that is worked on after it was answered.
type order struct {
	kind   *kind
	doc    document // what was sent
	made   time.Time
	works  time.Duration
	files  []*part
	failed int // targets that are not there
}

// createOrder makes an order of any type. The download and the publicCdn deliver; the
// others do no more than succeed.
func (s *store) createOrder(w http.ResponseWriter, r *http.Request, in document) any {
	typ := text(valueOf(in, "type"))
	k := kindOf[strings.ToLower(typ)+"order"]
	invalid.when(k == nil, "'%s' is not a type of order.", typ)
	doc := k.changed(nil, in)
	targets := array(doc["~targets"])
	invalid.when(len(targets) == 0, "An order needs targets.")
	id := s.newID()
	o := &order{kind: k, doc: doc, made: time.Now(), works: max(0, orDefault(s.tenant.OrderTime, defaultOrderTime))}
	for i, target := range targets {
		files := s.filesFor(target)
		invalid.when(len(files) == 0, "targets[%d] has no recordId, recordIds, fileVersionId or additionalFileId.", i)
		there := slices.DeleteFunc(slices.Clone(files), func(v *part) bool { return v == nil })
		o.files, o.failed = append(o.files, there...), o.failed+len(files)-len(there)
		target.(document)["id"] = s.newID()
	}
	unprocessed := doc["disableProcessing"] != "No" && doc["disableProcessing"] != nil
	often := s.tenant.OrderTime == 0 && len(array(valueOf(targets[0], "actions"))) == 0 // in real tenants (CHILI, live)
	if len(o.files)+o.failed == 1 && (unprocessed || often) {
		o.works = 0
	}
	doc["id"], doc["type"], doc["orderType"] = id, typ, typ
	s.save(k, id, doc, "orders")
	s.keepOrder(id, o)
	w.Header().Set("Location", orderPath+id)
	w.WriteHeader(http.StatusCreated)
	return s.show(s.objectAt("order/"+id), newQuery(r))
}

// keepOrder keeps an order, the download link that each leaves, an entry in the trail for each
// file of a download, and the public URIs of the files of a publicCdn.
func (s *store) keepOrder(id string, o *order) {
	s.orders[id] = o
	s.collection("orders").add(o.doc, id, o.made)
	link := document{"id": s.newID(), "type": o.doc["type"], "title": "Order " + id, "~order": id, "~targets": o.doc["~targets"], "~createdBy": o.doc["~createdBy"]}
	s.collection("downloadlinks").add(link, text(link["id"]), o.made)
	targets := array(o.doc["~targets"])
	for i, v := range o.files {
		switch o.kind.name {
		case "downloadorder":
			rec := s.owner(v.id)
			s.complete(rec)
			rec.note("recordDownloaded", s.user(s.request), []any{})
		case "publiccdnorder":
			target := targets[min(i, len(targets)-1)]
			uri := document{
				"id": s.newID(), "fileName": v.fileName(), "fileVersionId": v.id, "origin": "Order", "provider": "Aprimo", "targetId": v.id,
				"recordId": valueOf(target, "recordId"), "renditionName": cmp.Or(text(valueOf(target, "renditionName")), "Original file"), "renditionId": "d" + v.id[1:],
				"uri": throughCDN(s.signed(v)), "~createdBy": o.doc["~createdBy"], "~modifiedBy": o.doc["~createdBy"],
			}
			s.collection("publicuris").add(uri, text(uri["id"]), o.made)
		}
	}
}

// filesFor returns what a target is about, with nil for what is not there.
func (s *store) filesFor(target any) []*part {
	for _, kind := range []string{"additionalFile", "fileVersion"} {
		if id := text(valueOf(target, kind+"Id")); id != "" {
			p, _ := s.findPart(strings.ToLower(kind), id)
			return []*part{p}
		}
	}
	records := array(valueOf(target, "recordIds"))
	if id := valueOf(target, "recordId"); text(id) != "" {
		records = append([]any{id}, records...)
	}
	return mapped(records, func(id any) *part { return s.master(s.at(numberOf(text(id)), new(record))) })
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

// orderObject finds an order, as it is now.
func (s *store) orderObject(id string) object {
	o := s.orders[id]
	if o == nil {
		return object{}
	}
	doc, status := maps.Clone(o.doc), o.status(time.Now())
	doc["status"], doc["executionTime"] = status, "00:00:00"
	if status != "Queued" {
		doc["startedOn"] = stamp(o.made.Add(o.works / 5))
	}
	if status != "Queued" && status != "Executing" {
		took := (o.works - o.works/5).Truncate(time.Second)
		doc["executionTime"] = time.Time{}.Add(took).Format(time.TimeOnly)
		if doc["failedTargetsCount"] = o.failed; o.failed > 0 {
			doc["message"] = "Some of the targets could not be found."
		}
		doc["deliveredFiles"], doc["totalFileSize"] = s.deliver(o)
	}
	return object{kind: o.kind, doc: doc}
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
		var delivered any = link
		if o.kind.name == "publiccdnorder" {
			delivered = document{"deliveredPath": link}
		}
		files = append(files, delivered)
	}
	return files, total
}

// downloadLink shows a download link with what has become of its order.
func (s *store) downloadLink(o object) document {
	id := text(o.doc["~order"])
	now := s.orderObject(id).doc
	return union(o.doc, document{
		"status": now["status"], "deliveredFiles": now["deliveredFiles"], "failedTargetsCount": now["failedTargetsCount"],
		"failedRecordsCount": s.orders[id].failed, "succeededRecordsCount": len(s.orders[id].files),
	})
}
