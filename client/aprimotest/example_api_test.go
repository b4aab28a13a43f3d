package aprimotest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aprimo-go/aprimo/client/aprimotest"
)

// Whatever the program under test has uploaded can be compared with the file.
func ExampleTenant_Uploads() {
	var tenant aprimotest.Tenant
	client := &http.Client{Transport: tenant.Transport()}

	resp, err := client.Post("https://acme.aprimo.com/uploads", "application/json", strings.NewReader(`{"fileName":"film.mp4"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var direct struct{ SasURL string }
	if err := json.NewDecoder(resp.Body).Decode(&direct); err != nil {
		fmt.Println(err)
		return
	}
	req, _ := http.NewRequest("PUT", direct.SasURL, strings.NewReader("a film"))
	req.Header.Set("x-ms-blob-type", "BlockBlob")
	if resp, err = client.Do(req); err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()

	for _, upload := range tenant.Uploads() {
		same, _ := upload.Same(strings.NewReader("a film"))
		fmt.Println(upload.FileName, upload.Size, upload.State, same, upload.Segments[0].Sent)
	}
	// Output: film.mp4 6 complete true 1
}

func ExampleUpload_Same() {
	upload := aprimotest.Upload{} // of an empty file
	fmt.Println(upload.Same(bytes.NewReader(nil)))
	fmt.Println(upload.Same(strings.NewReader("more")))
	// Output:
	// true <nil>
	// false <nil>
}

// A program that resumes after days finds that its upload is gone.
func ExampleTenant_PurgeUploads() {
	var tenant aprimotest.Tenant
	client := &http.Client{Transport: tenant.Transport()}
	resp, err := client.Post("https://acme.aprimo.com/uploads/segments", "application/json", strings.NewReader(`{"filename":"film.mp4"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var session struct{ URI string }
	if err := json.NewDecoder(resp.Body).Decode(&session); err != nil {
		fmt.Println(err)
		return
	}

	tenant.PurgeUploads()

	resp, err = client.Post("https://acme.aprimo.com"+session.URI+"/commit", "application/json", strings.NewReader("{}"))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 404 Not Found
}

// An order that takes no time, of a tenant that is strict about headers.
func ExampleTenant_orders() {
	tenant := &aprimotest.Tenant{OrderTime: -1, RequireHeaders: true}
	req, _ := http.NewRequest("POST", "https://acme.dam.aprimo.com/api/core/orders", strings.NewReader(
		`{"type":"download","targets":[{"recordId":"00000000000000000000000000000001","targetTypes":["Document"]}]}`))
	req.Header.Set("API-VERSION", "1")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "my-program/1.0")
	client := &http.Client{Transport: tenant.Transport()}
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var order struct {
		Status         string
		DeliveredFiles []string
	}
	if err := json.NewDecoder(resp.Body).Decode(&order); err != nil {
		fmt.Println(err)
		return
	}
	file, err := client.Get(order.DeliveredFiles[0]) // a signed link: no token
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Body.Close()
	n, err := io.Copy(io.Discard, file.Body)
	fmt.Println(order.Status, n, err)
	// Output: Success 1024 <nil>
}

// A tenant with many records, some of which were created at one instant; a search
// finds no more than the first 10,000 of them by pages.
func ExampleTenant_search() {
	tenant := &aprimotest.Tenant{Records: 100_000, CreatedTogether: 5}
	client := &http.Client{Transport: tenant.Transport()}

	for _, page := range []int{10, 11} {
		resp, err := client.Post(fmt.Sprintf("https://acme.dam.aprimo.com/api/core/search/records?pageSize=1000&page=%d", page),
			"application/json", strings.NewReader(`{"searchExpression":{"expression":"CreatedOn >= '1990-01-01'"}}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.Status)
	}
	// Output:
	// 200 OK
	// 400 Bad Request
}

// A login with PKCE: the tenant takes the place of the browser and of the person
// in front of it.
func ExampleTenant_login() {
	tenant := &aprimotest.Tenant{Login: "maria"}
	login := url.Values{
		"response_type": {"code"}, "client_id": {"my-program"}, "redirect_uri": {"http://127.0.0.1:8080/"}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"}, // of RFC 7636
	}
	req, _ := http.NewRequest("GET", "https://acme.aprimo.com/login/connect/authorize?"+login.Encode(), nil)
	resp, err := tenant.Transport().RoundTrip(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	back, _ := resp.Location()

	resp, err = (&http.Client{Transport: tenant.Transport()}).PostForm("https://acme.aprimo.com/login/connect/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"my-program"}, "redirect_uri": {"http://127.0.0.1:8080/"},
		"code": {back.Query().Get("code")}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(back.Host, back.Query().Get("state"), resp.Status, tenant.Report().Total.Tokens)
	// Output: 127.0.0.1:8080 s 200 OK 1
}

// A program that reads the errors of marketing operations is tested with both forms that they may have.
func ExampleGuesses() {
	for _, guesses := range []aprimotest.Guesses{{}, {Failure: func(status int, message string) any {
		return map[string]any{"code": status, "message": message}
	}}} {
		tenant := aprimotest.Tenant{Guesses: guesses}
		client := &http.Client{Transport: tenant.Transport()}
		resp, err := client.Get("https://acme.aprimo.com/api/projects/7")
		if err != nil {
			fmt.Println(err)
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		fmt.Println(resp.StatusCode, string(body))
	}
	// Output:
	// 404 {"exceptionMessage":"No projects was found with id '7'.","exceptionType":"Adam.Rest.Common.NoDataFoundException","innerException":null,"stackTrace":null}
	// 404 {"code":404,"message":"No projects was found with id '7'."}
}
