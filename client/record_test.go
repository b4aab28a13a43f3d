package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aprimo-go/aprimo/client"
	"github.com/aprimo-go/aprimo/client/aprimotest"
)

func TestARecordIsTheSameInEitherFormOfJSON(t *testing.T) {
	for name, body := range map[string]string{
		"flat": `{"id":"1","fields":[{"id":"f1","fieldName":"Title","localizedValues":[{"languageId":"de","value":"Hallo"},{"languageId":"en","value":"Hello"}]}],"masterFileLatestVersion":{"fileSize":7},"createdOn":"2026-01-02T03:04:05"}`,
		"HAL":  `{"id":"1","_embedded":{"fields":{"items":[{"id":"f1","fieldName":"Title","localizedValues":[{"languageId":"de","value":"Hallo"},{"languageId":"en","value":"Hello"}]}]},"masterfilelatestversion":{"fileSize":7}},"createdOn":"2026-01-02T03:04:05Z"}`,
	} {
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
		rec, err := c.Records.Get(t.Context(), "1")
		if err != nil {
			t.Fatal(name, err)
		}
		title := rec.Fields.Get("title")
		if title.Text("en") != "Hello" || title.Text("") != "Hallo" || title.Text("fr") != "" || rec.Fields.Get("none").Text("") != "" {
			t.Errorf("%s: got the title %+v, want Hello in English and Hallo as the first", name, title)
		}
		if rec.MasterFileLatestVersion == nil || rec.MasterFileLatestVersion.FileSize != 7 || rec.CreatedOn.Hour() != 3 {
			t.Errorf("%s: got %+v, want a version of 7 bytes, created at 3 o'clock", name, rec)
		}
	}
}

func TestAChangeIsWrittenAsTheGuideHasIt(t *testing.T) {
	const dashed = "A0B1C2D3-0000-0000-0000-00000000000F"
	const bare = "a0b1c2d300000000000000000000000f"
	change := client.RecordChange{
		Status: client.Released,
		Fields: client.Changes[client.FieldValue]{AddOrUpdate: []client.FieldValue{
			client.SetText(dashed, "en", "Hello").In("de", "Hallo"), client.SetValue("f2", nil), client.SetValues("f3"),
			client.SetValues("f4", dashed), // may be a text
		}},
		Classifications: client.Changes[client.Classification]{
			AddOrUpdate: []client.Classification{{ID: "c1"}}, Remove: []client.Ref{dashed},
		},
		Files: client.NewFileVersion(dashed, client.NewVersion{Token: "t", FileName: "a.jpg"}),
	}
	data, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"status":"Released","fields":{"addOrUpdate":[` +
		`{"id":"` + bare + `","localizedValues":[{"languageId":"en","value":"Hello"},{"languageId":"de","value":"Hallo"}]},` +
		`{"id":"f2","localizedValues":[{"languageId":"` + client.NoLanguage + `","value":null}]},` +
		`{"id":"f3","localizedValues":[{"languageId":"` + client.NoLanguage + `","values":[]}]},` +
		`{"id":"f4","localizedValues":[{"languageId":"` + client.NoLanguage + `","values":["` + dashed + `"]}]}]},` +
		`"classifications":{"addOrUpdate":[{"id":"c1"}],"remove":[{"id":"` + bare + `"}]},` +
		`"files":{"addOrUpdate":[{"id":"` + bare + `","versions":{"addOrUpdate":[{"id":"t","fileName":"a.jpg"}]}}]}}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	if data, _ := json.Marshal(client.RecordChange{}); string(data) != "{}" {
		t.Errorf("no change: got %s, want {}", data)
	}
}

func TestTheMasterFileOfANewRecordIsAlsoAmongItsFiles(t *testing.T) {
	data, err := json.Marshal(client.RecordChange{Files: client.MasterFile(client.NewVersion{Token: "t", FileName: "a.jpg"})})
	want := `{"files":{"master":"t","addOrUpdate":[{"versions":{"addOrUpdate":[{"id":"t","fileName":"a.jpg"}]}}]}}`
	if string(data) != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", data, err, want)
	}
}

func TestARecordIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, id := t.Context(), recordID(1)
		c := newClient(t, nil, limited((&aprimotest.Tenant{RequireHeaders: true}).Transport()))
		if _, err := c.Records.Lock(ctx, id, client.Lock{IntegrationID: "shop", Reason: "on sale"}); err != nil {
			t.Fatal(err)
		}
		got := ids(c.Records.Locks(ctx, id), func(l *client.Lock) string { return l.Reason })
		if want := "on sale"; got != want {
			t.Errorf("got the locks %q, want %q", got, want)
		}
	})
}

func TestImagesOfARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, id := t.Context(), recordID(1)
		c := newClient(t, nil, limited((&aprimotest.Tenant{RequireHeaders: true}).Transport()))
		for name, read := range map[string]func(context.Context, string, ...client.CallOption) (*client.Image, error){
			"preview": c.Records.Preview, "thumbnail": c.Records.Thumbnail,
		} {
			if image, err := read(ctx, id); err != nil || !strings.HasPrefix(image.URI, "https://") {
				t.Errorf("%s: got %+v, %v, want an https link", name, image, err)
			}
		}
	})
}
