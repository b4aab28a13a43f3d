package aprimotest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// me answers with the user of the token.
func (sc moScope) me() any {
	login := sc.user(sc.r)
	id := userNumber(login)
	if sc.objects.byID[id] == nil {
		sc.objects.keep(document{
			"userId": moNumber(id), "loginId": login, "email": login + "@example.com", "lastName": login, "adamUserId": nameID(login),
		}, id)
	}
	return sc.answer(sc.objects.byID[id])
}

// isMine reports whether a task is the caller's, and has the status that is asked for.
func (sc moScope) isMine(task document) bool {
	status := sc.r.URL.Query().Get("status")
	return text(task["assignedTo"]) == userNumber(sc.user(sc.r)) && (status == "" || text(task["status"]) == status)
}

// types lists the system types that have items, and the usual ones.
func (sc moScope) types() any {
	names := []string{"activity", "attachment", "commitment", "invoice", "offer", "supplier"}
	for _, item := range sc.objects.byID {
		if name := text(item["systemType"]); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return document{"systemtypes": mapped(slices.Compact(names), func(name string) any {
		return document{"type": document{"systemTypeName": name, "uri": baseURL(sc.r) + "/api/system-types/" + name}}
	})}
}

// texts finds texts by their id or a part of them, all without a query. Their list is
// not embedded, other than all others.
func (sc moScope) texts() any {
	found, query := []document{}, text(sc.in["query"])
	for id, doc := range sc.objects.all() {
		if containsFold(query, id) || containsFold(text(doc["value"]), query) {
			found = append(found, document{"id": id, "value": doc["value"]})
		}
	}
	if sc.r.Method == http.MethodPost {
		return document{"resources": found}
	}
	return document{"_total": len(found), "resources": found}
}

// lookup answers with a list of choices, those with a text in them alone if there
// is one in the query.
func (sc moScope) lookup() any {
	doc := sc.get()
	items := slices.DeleteFunc(slices.Clone(array(doc["items"])), func(item any) bool {
		return !containsFold(text(valueOf(item, "value")), sc.r.URL.Query().Get("filterText"))
	})
	return sc.answer(union(doc, document{"items": items, "count": len(items)}))
}

// activity answers with the activity that an object belongs to.
func (sc moScope) activity() any {
	doc, activities := sc.get(), moByPath["activities"]
	id := text(cmp.Or(doc["activityId"], doc["objectId"]))
	found := sc.moAll(activities).byID[id]
	missing.when(found == nil, "No %s was found with id '%s'.", activities.path, id)
	return sc.show(activities.object(found), sc.query())
}

func (sc moScope) annotations() any {
	return `<?xml version="1.0" encoding="UTF-8"?><xfdf xmlns="http://ns.adobe.com/xfdf/"><annots/></xfdf>`
}

// tags changes the tags of a version that are named by their number, and makes others.
func (sc moScope) tags() any {
	for _, item := range array(valueOf(sc.in, "tags")) {
		tag, _ := item.(document)
		doc := sc.objects.byID[text(tag["tagId"])]
		if doc == nil {
			doc = document{}
			sc.add(sc.objects, doc)
		}
		sc.change(doc, tag)
		maps.Copy(doc, sc.links)
	}
	return sc.index()
}

// members reads and changes who has a role.
func (sc moScope) members() any {
	id, isDelete := sc.r.PathValue("id"), sc.r.Method == http.MethodDelete
	if isDelete && sc.objects.byID[id] == nil && sc.objects.given(id) {
		return nil // the role was deleted, and its members with it
	}
	role, all := sc.get(), []document{}
	for _, name := range []string{"users", "userTokens"} {
		members := slices.DeleteFunc(slices.Concat(array(role[name]), array(sc.in[name])), func(member any) bool {
			return isDelete && text(valueOf(member, "id")) == sc.r.PathValue("member")
		})
		role[name] = members
		all = append(all, mapped(members, func(member any) document { doc, _ := member.(document); return doc })...)
	}
	switch sc.r.Method {
	case http.MethodGet:
		return sc.page(moKindOf("members"), "member", all)
	case http.MethodDelete:
		return nil
	}
	return sc.answer(role)
}

// MaxChunk is the most that marketing operations takes in one request, the other
// parts of the form included.
const MaxChunk = 25 << 20

// chunked returns the upload of an identifier, which its first chunk makes.
func (s *store) chunked(identifier, name string) *upload {
	invalid.when(identifier == "" || strings.ContainsAny(identifier, "{}"), "'%s' is not an identifier of an upload: a GUID without braces.", identifier)
	token := "chunks/" + strings.ToLower(identifier)
	u := s.findUpload(token)
	if u == nil {
		u = s.newUpload(name)
		u.token = token
	}
	return u
}

// chunk returns the upload and the number, from 0, of the chunk that a request is about.
func (s *store) chunk(get func(string) string) (*upload, int) {
	n, err := strconv.Atoi(get("resumableChunkNumber"))
	invalid.when(err != nil || n < 1, "'%s' is not a number of a chunk, which begin at 1.", get("resumableChunkNumber"))
	return s.chunked(get("resumableIdentifier"), get("resumableFilename")), n - 1
}

// checkChunk answers 200 if a chunk is there, and 204 if not.
func (s *store) checkChunk(w http.ResponseWriter, r *http.Request) any {
	if u, n := s.chunk(r.URL.Query().Get); u.pieces[n].times == 0 {
		w.WriteHeader(cmp.Or(s.tenant.Guesses.MissingChunk, http.StatusNoContent))
		return nil
	}
	return document{}
}

func (s *store) putChunk(_ http.ResponseWriter, r *http.Request) any {
	p := partOf(r)
	invalid.when(p == nil, "The request must be a multipart/form-data with a file.")
	tooLarge.when(p.size > MaxChunk || r.ContentLength > MaxChunk, "Maximum request length exceeded.")
	u, n := s.chunk(func(name string) string { return p.fields[name] })
	u.put(n, p.piece)
	return document{}
}

// completeChunks puts the chunks of a file together. One without any is empty.
func (s *store) completeChunks(_ http.ResponseWriter, _ *http.Request, in struct{ FileID, FileName string }) any {
	s.chunked(in.FileID, in.FileName).complete(in.FileName)
	return document{}
}
