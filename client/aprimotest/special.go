package aprimotest

// special says what the tables cannot: where objects are that are no documents,
// what a relation leads to that has to be worked out, what an answer shows that is
// not kept, and what is to be done before something is kept.
func (s *store) special() {
	s.lookups = map[string]func(id string) (object, bool){
		"record":               s.recordObject,
		"file":                 s.partObject("file"),
		"fileversion":          s.partObject("fileversion"),
		"additionalfile":       s.partObject("additionalfile"),
		"filepreview":          s.previewObject,
		"rendition":            s.renditionObject,
		"order":                s.orderObject,
		"user":                 s.userObject,
		"calculatedpermission": s.calculatedPermission,
	}
	s.finders = map[string]func(object, *query) any{
		"record.fields":                           s.recordFields,
		"record.masterfile":                       s.masterFile,
		"record.masterfilelatestversion":          s.masterVersion,
		"record.masterfilelatestpublishedversion": s.publishedVersion,
		"record.classifications":                  s.recordClassifications,
		"file.latestfileversion":                  s.latestVersion,
		"fileversion.filetype":                    s.fileTypeOf,
		"fileversion.filepreviews":                s.filePreviews,
		"fileversion.masterfilepreview":           s.masterPreview,
		"fileversion.renditions":                  s.renditions,
		"fileversion.publiclinks":                 s.published("publiclink"),
		"fileversion.publicuris":                  s.published("publicuri"),
		"additionalfile.publiclink":               func(o object, q *query) any { return first(s.published("publiclink")(o, q)) },
		"rendition.publiclinks":                   s.published("publiclink"),
		"classification.ancestors":                s.ancestors,
		"classification.children":                 s.children,
		"classification.fields":                   s.classificationFields,
		"collection.records":                      s.collectionRecords,
	}
	s.overlays = map[string]func(object) document{
		"permissionvalues":                  s.allPermissions,
		"classificationpermissions":         withoutInherited,
		"classificationdownloadpermissions": withoutInherited,
		"downloadlink":                      s.downloadLink,
		"searchindex":                       s.searchIndex,
		"commentstatus":                     s.commentStatus,
		"comment":                           s.comment,
	}
	s.saves = map[string]func(id string, doc document, list string){
		"classification":            s.place,
		"classificationpermissions": breakInheritance,
		"publiclink":                s.linkVersion,
		"checkresult":               func(_ string, doc document, _ string) { s.objectAt("fileversion/" + text(doc["fileVersionId"])) },
		"finding":                   func(_ string, doc document, list string) { doc["fileVersionCheckId"] = ownerOf(list) },
		"fielddefinition":           s.nameItems,
		"collection":                s.ownCollection,
		"contenttype":               completeContentType,
	}
}

// first returns the first of many, and nil of none.
func first(v any) any {
	if all, ok := v.(listing); ok && len(all) > 0 {
		return all[0]
	}
	return nil
}
