package aprimotest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// The requests of other public clients, with values of our own, work on a tenant
// that asks for tokens and headers. What stands in braces is put in.
func TestTheRequestsOfOtherClientsWork(t *testing.T) {
	const (
		one    = "00000000-0000-0000-0000-000000000001"
		search = "POST /api/core/search/records "
	)
	for _, tt := range []string{
		// an importer of product data
		`200 GET /api/core/records?filter=FieldName('KBObjectID')="361"%20and%20FieldName("Title")%20=%20"Record%201"`,
		`200 GET /api/core/record/{one}`,
		`200 GET /api/core/record/{one}/`,
		`200 GET /api/core/fielddefinitions?filter=name=Title`,
		`200 GET /api/core/classifications?filter=name='Assets'`,
		`200 GET /api/core/classifications?filter=identifier='assets'`,
		`200 GET /api/core/classification/?namepath=/assets`,
		`201 POST /api/core/classifications {"parentNamePath":"/Assets","name":"Switzerland","identifier":"CH","labels":[{"languageId":"c2bd4f9bbb954bcb80c31e924c9c26dc","value":"Schweiz"}]}`,
		`204 PUT /api/core/record/{one} {"tag":"<xml>t</xml>","fields":{"addOrUpdate":[{"fieldName":"Keywords","label":"K","id":"{keywords}","localizedValues":[{"values":["{one}"],"languageId":"00000000000000000000000000000000","readOnly":null}],"inheritable":null}]}}`,
		`200 POST /uploads {"fileName":"a.jpg"}`,
		// the gateway of an agency
		`201 POST /api/core/records {"status":"draft","fields":{"addOrUpdate":[{"Name":"Description","localizedValues":[{"value":"x"}]},{"Name":"Keywords","localizedValues":[{"values":["T"]}]}]}}`,
		`200 POST /uploads/segments {"filename":"a.jpg"}`,
		// content management systems
		`200 ` + search + `{"LogRequest":true,"PageIndex":1,"SearchExpression":{"Expression":"DirectClassification.Id={assets} FileCount > 0"}}`,
		`200 ` + search + `{"searchExpression":{"expression":"Classification.Id={assets}"}}`,
		`200 ` + search + `{"SearchExpression":{"Expression":"ContentStatus = 'Released'"}}`,
		`200 ` + search + `{"searchExpression":{"expression":"summer beach"}}`,
		`200 GET /api/core/classifications?filter=parent.id={assets}`,
		`200 GET /api/core/classifications?filter=parent.id%20=%20'{assets}'%20and%20name%20=%20'x'`,
		`200 GET /api/core/record/{one}/image/Preview/download`,
		`200 GET /api/core/record/{one}/masterFileLatestVersion`,
		`200 GET /api/core/record/{one}/accessLists`,
		// exports
		`200 ` + search + `{"searchExpression":{"expression":"LatestVersionOfMasterFile.HasPublicUri = true"},"logRequest":"true"}`,
		`200 ` + search + `{"searchExpression":{"expression":"id = ? OR id = ?","parameters":["{one}","x"]},"logRequest":false}`,
		`200 ` + search + `{"searchExpression":{"expression":"FieldName(\"Title\") = 'Acme' AND CreatedOn >= 2025-01-01"}}`,
		`200 ` + search + `{"searchExpression":{"expression":"(Title CONTAINS 'a' OR FieldName(\"Description\") CONTAINS 'a') AND Classification = '{assets}'"}}`,
		`200 POST /api/core/search/classifications?page=1&pageSize=50 {"searchExpression":{"expression":"Name CONTAINS 'a' OR Identifier CONTAINS 'a'"}}`,
		`200 POST /api/core/search/classifications {"searchExpression":{"disabledKeywords":null,"supportWildcards":false,"defaultLogicalOperator":"AND","expression":"NamePath = ?","parameters":["/Assets"],"namedParameters":{},"subExpressions":null},"logRequest":true}`,
		`200 GET /api/core/settings?names=.defaultRecordTitleField&names=.defaultLanguageForUI`,
		`200 GET /api/core/rules?page=1&pageSize=50`,
		`200 GET /api/core/record/{one}/trail?filter=change&skip=0&take=10`,
		// tools for administrators
		`204 PUT /api/core/searchindex { 'rebuildScheduled': true }`,
		`200 GET /api/core/watermarks`,
		`200 GET /api/core/setting/.defaultRecordTitleField?scope=usergroup&scopeId={one}`,
		`200 GET /api/core/actiontypes`,
		`200 GET /api/core/statistics`,
		`200 GET /api/core/downloadagreements`,
		`200 GET /api/core/fileversion/{version}/checkresults`,
		`201 POST /api/core/fileversion/{version}/checkresults {"checkId":"{one}","outcome":"Pass","description":"d"}`,
		`200 GET /api/core/fileversion/{version}/publicuris`,
		`200 GET /api/core/fileversion/{version}/renditions`,
		`200 GET /api/core/file/{file}/fileversions`,
		`200 GET /api/core/file/{file}/latestversion`,
		`201 POST /api/core/orders {"type":"download","disableNotification":true,"useCDN":"No","targets":[{"recordId":"{one}","targetTypes":["Document"],"assetType":"LatestVersionOfMasterFile"}]}`,
		`201 POST /api/core/orders {"type":"publicCdn","targets":[{"recordId":"{one}","renditionName":"png","actions":[]}]}`,
		`200 ` + search + `{"searchExpression":{"expression":"CreatedOn < 2015-09-29T12:24:22.287Z"},"facets":[{"name":"when","type":"createdOn",rangeStart:"1999-01-01T00:00:00Z","rangeEnd":"2001-01-01T00:00:00Z","spans":[{"dateTimeUnit":"months","value":6}],}]}`,
	} {
		tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, RequireToken: true, RequireHeaders: true}
		_, token := askToken(t, tenant, tokenRequest(t, form("grant_type", "client_credentials", "client_id", "c", "client_secret", "s")))
		text := strings.NewReplacer("{one}", one, "{version}", "E0000000-0000-0000-0000-000000000001", "{file}", "f0000000000000000000000000000001",
			"{assets}", "2a0510aba5a9d152b3471c4f7fce6d1a", "{keywords}", "35bed139d366eff8a486ca4c35126f14").Replace(tt)
		parts := strings.SplitN(text, " ", 4)
		req := newRequest(t.Context(), parts[1], "https://acme.dam.aprimo.com"+parts[2], strings.Join(parts[3:], ""))
		for name, value := range map[string]string{"Authorization": "Bearer " + token.AccessToken, "User-Agent": "x/1", "Content-Type": "application/json"} {
			req.Header.Set(name, value)
		}
		if !strings.HasPrefix(parts[2], "/uploads") {
			req.Header.Set("api-version", "1")
			req.Header.Set("Accept", "*/*")
		}
		if resp, answer := do(t, tenant, req); fmt.Sprint(resp.StatusCode) != parts[0] {
			t.Errorf("%s: %s: %.200s", text, resp.Status, answer)
		}
	}
}

// A token of the time before OAuth is good for both hosts.
func TestANativeTokenIsGoodForBothHosts(t *testing.T) {
	tenant := &aprimotest.Tenant{Rate: 1000, Service: atOnce, RequireToken: true}
	ask := func() *http.Request {
		return newRequest(t.Context(), "POST", moURL+"/api/oauth/create-native-token", "{}")
	}
	if resp, _ := do(t, tenant, ask()); resp.StatusCode != 401 {
		t.Errorf("without a user: %s, want 401", resp.Status)
	}
	req := ask()
	req.SetBasicAuth("jane", "user-token")
	req.Header.Set("client-id", "c")
	_, text := do(t, tenant, req)
	token := decode[struct{ AccessToken string }](t, text).AccessToken
	for _, url := range []string{recordsURL, moURL + "/api/users/me"} {
		req := newRequest(t.Context(), "GET", url, "")
		req.Header.Set("X-Access-Token", token)
		if resp, text := do(t, tenant, req); resp.StatusCode != 200 {
			t.Errorf("%s: %s: %s", url, resp.Status, text)
		}
	}
}
