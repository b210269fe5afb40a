package provider

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Azure is asked by the deployment's address, with the key in its own header and
// the newer name of the limit.
func TestAzureRequest(t *testing.T) {
	m, err := New(Config{Model: "m", Key: "k", BaseURL: "https://x.openai.azure.com/openai/deployments/d?api-version=2024-10-21"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.request(httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}")), Prompt{MaxTokens: 7})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21"; out.URL.String() != want {
		t.Errorf("asks %s", out.URL)
	}
	if out.Header.Get("Api-Key") != "k" || out.Header.Get("Authorization") != "" || !strings.Contains(string(body), `"max_completion_tokens":7`) {
		t.Errorf("%v, %s", out.Header, body)
	}
}
