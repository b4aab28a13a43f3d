package aprimotest

// special says what the tables cannot: where objects are that are no documents,
// what a relation leads to that has to be worked out, what an answer shows that is
// not kept, and what is to be done before something is kept.
func (s *store) special() {
	s.lookups = map[string]func(id string) (object, bool){
		"record":               s.recordObject,
		"file":                 s.fileObject,
		"fileversion":          s.versionObject,
		"additionalfile":       s.additionalObject,
		"filepreview":          s.previewObject,
		"rendition":            s.renditionObject,
		"order":                s.orderObject,
		"user":                 s.userObject,
		"calculatedpermission": s.calculatedPermission,
	}
	image := func(kind string) func(object, *query) any {
		return func(o object, q *query) any { return s.imageOf(o, kind, q) }
	}
	none := func(object, *query) any { return listing{} }
	s.finders = map[string]func(object, *query) any{
		"record.fields":                           s.recordFields,
		"record.files":                            s.recordFiles,
		"record.masterfile":                       s.masterFile,
		"record.masterfilelatestversion":          s.masterVersion,
		"record.masterfilelatestpublishedversion": s.publishedVersion,
		"record.classifications":                  s.recordClassifications,
		"record.locks":                            s.elements("locks", "recordlock"),
		"record.accesslists":                      s.elements("accessLists", "recordaccesslist"),
		"record.preview":                          image("preview"),
		"record.thumbnail":                        image("thumbnail"),
		"file.preview":                            image("preview"),
		"file.thumbnail":                          image("thumbnail"),
		"file.fileversions":                       s.fileVersions,
		"file.latestfileversion":                  s.latestVersion,
		"file.fields":                             none,
		"fileversion.preview":                     image("preview"),
		"fileversion.thumbnail":                   image("thumbnail"),
		"fileversion.filetype":                    s.fileTypeOf,
		"fileversion.filepreviews":                s.filePreviews,
		"fileversion.masterfilepreview":           s.masterPreview,
		"fileversion.additionalfiles":             s.additionalFiles,
		"fileversion.renditions":                  s.renditions,
		"fileversion.publiclinks":                 s.published("publiclink"),
		"fileversion.publicuris":                  s.published("publicuri"),
		"additionalfile.mainpreview":              image("preview"),
		"additionalfile.filepreviews":             none,
		"additionalfile.publiclink":               func(o object, q *query) any { return first(s.published("publiclink")(o, q)) },
		"filepreview.preview":                     image("preview"),
		"filepreview.thumbnail":                   image("thumbnail"),
		"rendition.publiclinks":                   s.published("publiclink"),
		"classification.ancestors":                s.ancestors,
		"classification.children":                 s.children,
		"classification.fields":                   s.classificationFields,
		"user.fields":                             none,
		"collection.records":                      s.collectionRecords,
		"downloadlink.targets":                    s.elements("targets", "ordertarget"),
	}
	for name := range orderKinds {
		s.finders[orderKinds[name]+".targets"] = s.elements("targets", "ordertarget")
	}
	s.overlays = map[string]func(object) document{
		"permissionvalues":                  s.allPermissions,
		"classificationpermissions":         withoutInherited,
		"classificationdownloadpermissions": withoutInherited,
		"downloadlink":                      s.downloadLink,
		"searchindex":                       s.searchIndex,
		"contenttype":                       s.linkFields,
	}
	s.saves = map[string]func(id string, doc document, list string) error{
		"classification":            s.place,
		"classificationpermissions": breakInheritance,
		"publiclink":                s.linkVersion,
		"checkresult":               s.isVersion,
		"finding": func(_ string, doc document, list string) error {
			doc["fileVersionCheckId"] = ownerOf(list)
			return nil
		},
		"fielddefinition": s.nameItems,
		"collection": func(_ string, doc document, _ string) error {
			if doc["ownerId"] == nil {
				doc["ownerId"] = doc["~createdBy"]
			}
			return nil
		},
		"contenttype": completeContentType,
	}
}

// elements are the documents that are kept with an object under a name.
func (s *store) elements(name, kind string) func(object, *query) any {
	return func(o object, _ *query) any {
		all := listing{}
		items, _ := o.doc["~"+name].([]any)
		for _, item := range items {
			doc, _ := item.(document)
			element := object{kind: kindOf[kind], doc: doc}
			if kind == "ordertarget" {
				element.path = o.path + "/target/" + text(doc["id"])
			}
			all = append(all, element)
		}
		return all
	}
}

// first returns the first of many, and nil of none.
func first(v any) any {
	if all, ok := v.(listing); ok && len(all) > 0 {
		return all[0]
	}
	return nil
}
