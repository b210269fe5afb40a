package parse

import (
	"testing"

	"golang.org/x/net/html/charset"
)

// Short texts in old charsets are read; damaged UTF-8 is not taken for one.
func TestDecodeAny(t *testing.T) {
	for name, want := range map[string]string{
		"shift_jis":    "港,水深\n横浜,十二メートル\n神戸,十五メートル\n",
		"windows-1251": "Глубина в гавани сегодня двенадцать метров, и вода прибывает.",
		"windows-1252": "Die Größe des Hafens für Schiffe über zwölf Meter Länge.",
		"euc-kr":       "항구의 수심은 오늘 십이 미터이며 물이 들어오고 있다.",
	} {
		e, _ := charset.Lookup(name)
		body, err := e.NewEncoder().String(want)
		if err != nil {
			t.Fatal(name, err)
		}
		if got, err := decodeAny([]byte(body)); got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if got, err := decodeAny([]byte("Größe und Länge \xff in UTF-8")); err == nil {
		t.Errorf("damaged UTF-8 became %q", got)
	}
}
