package parse

import (
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

// rtfCharsets are the code pages of fonts' character sets.
var rtfCharsets = map[int]string{
	128: "932", 129: "949", 134: "936", 136: "950", 161: "1253", 162: "1254", 163: "1258", 177: "1255", 178: "1256",
	186: "1257", 204: "1251", 222: "874", 238: "1250",
}

// rtfCodepage decodes a code page of Windows; nil if it is none.
func rtfCodepage(n string) *encoding.Decoder {
	name := "windows-" + n
	switch n {
	case "932":
		name = "shift_jis"
	case "936":
		name = "gbk"
	case "949":
		name = "euc-kr"
	case "950":
		name = "big5"
	}
	e, _ := charset.Lookup(name)
	if e == nil {
		return nil
	}
	return e.NewDecoder()
}

// useFont goes on in another font, or begins its definition.
func (r *rtf) useFont(n int) {
	g := r.group()
	if g.fonts {
		r.font = n
		return
	}
	r.decode()
	g.charset = r.fonts[n]
}
