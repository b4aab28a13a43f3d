package aprimotest

// The tables in this file have the calls that those of the kinds do not describe.

// damCalls are those of the DAM.
func (s *store) damCalls() map[string]handler {
	return map[string]handler{
		"GET records":                              s.listRecords,
		"POST records":                             with(s.createRecord),
		"PUT record/{id}":                          with(s.putRecord),
		"DELETE record/{id}":                       s.deleteRecord,
		"POST record/{id}/locks":                   with(s.createLock),
		"GET record/{id}/trail":                    s.getTrail,
		"GET record/{id}/trail/entry/{entry}":      s.getEntry,
		"GET record/{id}/image/preview/download":   s.downloadImage,
		"GET record/{id}/image/thumbnail/download": s.downloadImage,
		"POST file/{id}/checkouts":                 s.checkOut,
		"DELETE file/{id}/checkouts":               s.undoCheckOut,
		"POST search/records":                      with(s.searchRecords),
		"POST search/records/suggestions":          with(s.suggest),
		"POST search/classifications":              with(s.searchClassifications),
		"GET classification":                       s.classificationByPath,
		"GET collection/{id}/records":              s.getCollectionRecords,
		"PUT collection/{id}/records":              with(s.putCollectionRecords),
		"POST collection/{id}/records":             with(s.putCollectionRecords),
		"PUT collection/{id}/comments/status":      with(s.readComments),
		"POST orders":                              with(s.createOrder),
		"GET settings":                             s.listSettings,
		"PUT setting/{id}":                         with(s.putSetting),
		"POST uploads":                             s.postUpload,
	}
}

// otherCalls are those outside the DAM, apart from marketing operations, which has tables.
func (s *store) otherCalls() map[string]handler {
	return map[string]handler{
		"POST uploads":                         s.postUpload,
		"GET uploads/{token}":                  s.getUpload,
		"DELETE uploads/{token}":               s.cancelUpload,
		"POST uploads/segments":                with(s.openSegments),
		"POST uploads/segments/{token}":        s.putSegment,
		"POST uploads/segments/{token}/commit": with(s.commitSegments),
		"DELETE uploads/segments/{token}":      s.cancelUpload,
		"GET analytics":                        s.analytics,
		"GET analytics/meta":                   s.analyticsMeta,
		"GET api/chunk/upload":                 s.checkChunk,
		"GET api/chunk/upload/attachment":      s.checkChunk,
		"POST api/chunk/upload":                s.putChunk,
		"POST api/chunk/upload/attachment":     s.putChunk,
		"POST api/chunk/complete":              with(s.completeChunks),
		"POST api/chunk/complete/attachment":   with(s.completeChunks),
	}
}
