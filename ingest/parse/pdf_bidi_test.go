package parse

import "testing"

// The engine gives words as they stand from left to right, a full stop before
// the word that it ends, and no space where the direction changes.
func TestRightToLeft(t *testing.T) {
	tests := []struct {
		cells []string
		want  string
	}{
		{[]string{"העולם שלום"}, "שלום העולם"},
		{[]string{".הים אל Pythonו R עם"}, "עם R ו Python אל הים."},
		{[]string{"Open the gate"}, "Open the gate"},
		{[]string{"הים אל", "הנהר מן הולך הוא"}, "הוא הולך מן הנהר אל הים"},
		{[]string{"12", "עומק"}, "12 עומק"},
	}
	for _, tt := range tests {
		l := pdfLine{cells: tt.cells, right: 100}
		for i := range tt.cells {
			l.starts, l.ends = append(l.starts, float64(10*i)), append(l.ends, float64(10*i+9))
		}
		l.rightToLeft()
		if got := l.text(); got != tt.want || len(l.cells) != len(l.starts) || len(l.cells) != len(l.ends) {
			t.Errorf("%q became %q, want %q", tt.cells, got, tt.want)
		}
	}
}
