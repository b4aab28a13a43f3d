package aprimotest

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// seeds are the few documents that every tenant has.
var seeds = []struct {
	list, name string
	doc        document
}{
	{"languages", "English", document{"culture": "en-US", "isEnabledForFields": true, "isEnabledForUI": true}},
	{"contenttypes", "Asset", document{"isManual": false}},
	{"fielddefinitions", titleField, document{"label": titleField, "dataType": "SingleLineText"}},
	{"fielddefinitions", "Description", document{"label": "Description", "dataType": "MultiLineText"}},
	{"fielddefinitions", "Keywords", document{"label": "Keywords", "dataType": "TextList"}},
	{"filetypes", "Jpg", document{"extension": "jpg", "kind": "Jpg", "mimeType": "image/jpeg", "isCatalogable": true}},
	{"users", seedUser, document{"email": seedUser + "@example.com", "firstName": "Adam", "lastName": "Administrator"}},
	{"classifications", "Assets", document{"identifier": "assets", "isRoot": true}},
	{"checkcategories", "General", document{}},
	{"actiontypes", "Manual", document{}},
	{"settingdefinitions", ".defaultRecordTitleField", document{"defaultValue": titleField}},
	{"settingdefinitions", ".defaultLanguageForUI", document{"defaultValue": englishID}},
	{"settingdefinitions", ".defaultLanguageForFields", document{"defaultValue": englishID}},
	{"settingdefinitions", ".rest_SettingsWhitelist", document{}},
	{"settingdefinitions", ".minimumAvailableTimeForOrders", document{"defaultValue": "30:00:00"}},
	{"settingdefinitions", ".minimumAvailableTimeForPreviews", document{"defaultValue": "30:00:00"}},
	{"permissions", ".RoleExecuteMaintenanceJobs", nil},
	{"permissions", ".RoleViewMaintenanceJobs", nil},
	{"permissions", "EditRecords", nil},
	{"permissions", "ViewMaintenanceJobs", nil},
}

// scopes are those that Aprimo advertises.
var scopes = []string{
	"openid", "email", "profile", "tenant", "user", "api", "legacy-api", "reporting-api", "filestore-access", "brandportal-api",
	"review-file-service", "csp-api", "cip-api", "introspection", "offline_access",
}

// discovery is what the tenant says of its tokens, as Aprimo's MCP server and the README of its
// metadata extractor show it.
func discovery(base string) document {
	return document{
		"issuer": base + "/login", "authorization_endpoint": base + authorizePath, "token_endpoint": base + tokenPath,
		"scopes_supported": scopes, "response_types_supported": []string{"code"}, "code_challenge_methods_supported": []string{"S256"},
		"grant_types_supported":                 []string{"client_credentials", "authorization_code", "refresh_token", "password"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"claims_supported":                      []string{"dam-uid", "dam-login", "dam-tenant", "UID", "sub", "username", "email", "name"},
	}
}

// claims are what Aprimo's access tokens say.
func claims(r *http.Request, g grant, now, end time.Time, number int) document {
	base := baseURL(r)
	return document{
		"dam-login": g.user, "dam-uid": nameID(g.user), "dam-tenant": tenantName(r.Host), "UID": userNumber(g.user),
		"client_id": g.client, "scope": strings.Fields(g.scope), "iss": base + "/login", "aud": base + "/",
		"nbf": now.Unix(), "exp": end.Unix(), "jti": fmt.Sprint(number),
	}
}
