package ingest

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

func noise(n int) []byte {
	r, b := rand.New(rand.NewPCG(3, 4)), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestIsEncoded(t *testing.T) {
	raw := base64.StdEncoding.EncodeToString(noise(300))
	digest := hex.EncodeToString(noise(32))
	tests := map[string]struct {
		text string
		want bool
	}{
		"base64":            {raw, true},
		"base64 in lines":   {raw[:76] + "\n" + raw[76:152] + "\n" + raw[152:228], true},
		"base64 for URLs":   {base64.RawURLEncoding.EncodeToString(noise(300)), true},
		"hexadecimal":       {hex.EncodeToString(noise(100)), true},
		"digests and names": {digest + "  release-1.2.tar.gz\n" + digest + "  release-1.3.tar.gz", false},
		"links":             {"https://example.org/2024/A-Long-Title/of-some-Article/number-17 https://example.org/2025/Another-Long-Title/number-18", false},
		"paths":             {"/usr/local/share/documentation/of/the/harbour/office/pilots", false},
		"Chinese":           {strings.Repeat("港口管理处的文件", 20), false},
		"German":            {"Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", false},
		"cut lines":         {raw[10:76] + "\n" + raw[76:90], true},
		"words after it":    {raw[:76] + "\n\nThe harbour.", false},
		"prose":             {"The key is below: " + digest[:20], false},
		"a rule":            {strings.Repeat("-", 80), false},
		"minified code":     {`!function(e,t){"object"==typeof exports?module.exports=t():e.Lib=t()}(this,function(){return 1})`, false},
		"nothing":           {"", false},
	}
	for name, test := range tests {
		if got := isEncoded(test.text); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestEncodedDataIsNotAllIndexed: it stays in the text, and what follows it is
// found.
func TestEncodedDataIsNotAllIndexed(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	blob := base64.StdEncoding.EncodeToString(noise(60_000))
	b.put("a", "The lantern.\n\n"+blob+"\n\nThe harbour.")
	if n := b.count(`select count(*) from chunk`); n < encodedKept || n > encodedKept+3 {
		t.Errorf("%d chunks, want about %d", n, encodedKept)
	}
	if n := b.count(`select count(*) from chunk where body like '%The harbour.%'`); n != 1 {
		t.Error("what follows the encoded data is not indexed")
	}
	if text, err := b.in.Text(b.ctx, "docs", "a", Everything); err != nil || !strings.Contains(text, blob) {
		t.Errorf("the text does not hold the encoded data: %v", err)
	}
	b.check()
}
