package aprimotest

import "cmp"

// The tables in this file have what those of the kinds cannot say.

// newLookups returns what finds the objects that are no documents, by their ids.
func (s *store) newLookups() map[string]func(id string) object {
	return map[string]func(id string) object{
		"record":               s.recordObject,
		"file":                 s.partObject("file"),
		"fileversion":          s.partObject("fileversion"),
		"additionalfile":       s.partObject("additionalfile"),
		"filepreview":          s.previewObject,
		"rendition":            s.renditionObject,
		"order":                s.orderObject,
		"user":                 s.userObject,
		"setting":              s.settingObject,
		"calculatedpermission": s.calculatedPermission,
	}
}

// newFinders returns what works out where a relation leads, if the table does not say.
func (s *store) newFinders() map[string]func(object, *query) any {
	return map[string]func(object, *query) any{
		"record.fields": func(o object, q *query) any {
			return s.narrowed(s.withDefaults(o.of.(*record), q), o, q)
		},
		"record.masterfile":                       s.masterFile,
		"record.masterfilelatestversion":          s.masterVersion,
		"record.masterfilelatestpublishedversion": s.publishedVersion,
		"record.classifications":                  s.recordClassifications,
		"file.latestfileversion":                  s.latestVersion,
		"fileversion.filetype":                    s.fileTypeOf,
		"fileversion.filepreviews":                s.filePreviews,
		"fileversion.masterfilepreview":           s.masterPreview,
		"fileversion.renditions":                  s.renditions,
		"additionalfile.publiclink":               s.publicLinkOf,
		"classification.ancestors":                s.ancestors,
		"classification.fields":                   s.ownFields,
		"user.fields":                             s.ownFields,
		"file.fields":                             s.ownFields,
		"collection.records":                      s.collectionRecords,
	}
}

// newOverlays returns what adds to an answer what is not kept.
func (s *store) newOverlays() map[string]func(object) document {
	return map[string]func(object) document{
		"permissionvalues":                  s.allPermissions,
		"classificationpermissions":         withoutInherited,
		"classificationdownloadpermissions": withoutInherited,
		"downloadlink":                      s.downloadLink,
		"searchindex":                       s.searchIndex,
		"commentstatus":                     s.commentStatus,
		"comment":                           s.comment,
		"user":                              numberUser,
	}
}

// newSaves returns what is done before a document is kept.
func (s *store) newSaves() map[string]func(id string, doc document, list string) {
	return map[string]func(id string, doc document, list string){
		"classification":                    s.place,
		"classificationpermissions":         breakInheritance("classificationpermission", "Fullcontrol"),
		"classificationdownloadpermissions": breakInheritance("classificationdownloadpermission", "Allow"),
		"publiclink":                        s.linkVersion,
		"checkresult":                       func(_ string, doc document, list string) { doc["fileVersionId"] = ownerOf(list) },
		"finding":                           func(_ string, doc document, list string) { doc["fileVersionCheckId"] = ownerOf(list) },
		"fielddefinition":                   s.nameItems,
		"collection":                        s.ownCollection,
		"contenttype":                       completeContentType,
		"permission":                        labelPermission,
		"settingdefinition":                 func(_ string, doc document, _ string) { doc["dataType"] = cmp.Or(doc["dataType"], any("Text")) },
	}
}

// labelPermission gives a permission a label, which DAM-Workbook-Generator reads of each.
func labelPermission(_ string, doc document, _ string) {
	if len(array(doc["labels"])) == 0 {
		doc["labels"] = []any{document{"languageId": englishID, "value": doc["name"]}}
	}
}

// completeContentType adds what a content type has if it was not sent.
func completeContentType(_ string, doc document, _ string) {
	if doc["titleConfiguration"] == nil {
		doc["titleConfiguration"] = document{"option": "FileName", "showExtension": true}
	}
}

// breakInheritance returns a save that adds the administrators, who keep their rights.
func breakInheritance(kind, right string) func(string, document, string) {
	added := document{"addOrUpdate": []any{document{"userGroupId": seedID("usergroups", "Administrators"), "accessRight": right}}}
	return func(_ string, doc document, _ string) {
		if doc["breakInheritance"] == true {
			doc["permissions"] = merged(doc["permissions"], added, kindOf[kind])
		}
	}
}

// numberUser shows a user with the number that marketing operations has for it.
func numberUser(o object) document {
	return union(document{"aprimoUserId": moNumber(userNumber(text(o.doc["name"])))}, o.doc)
}
