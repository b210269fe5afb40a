package parse

import (
	"cmp"
	"strings"
)

// formula writes Office Math (OMML; ECMA-376 part 1, 22.1) as LaTeX, on one line.
func formula(x *xmlWalker, b *strings.Builder) error {
	return x.walk(func(x *xmlWalker, e element) error {
		switch name := e.Name.Local; {
		case name == "t":
			return x.walkText(nil, func(s string) { b.WriteString(latex.Replace(s)) })
		case strings.HasSuffix(name, "Pr"):
			return nil
		default:
			o, err := readMathObject(x, 0)
			b.WriteString(o.latex(name))
			return err
		}
	})
}

// mathObject is an object of a formula: its properties' values and its parts.
type mathObject struct {
	set   map[string]string // what has no value is ""
	parts []mathText
}

type mathText struct{ name, text string }

// readMathObject reads an object; what stands deeper than formulas go is left out.
func readMathObject(x *xmlWalker, depth int) (mathObject, error) {
	o := mathObject{set: map[string]string{}}
	var direct strings.Builder // text of a run, or of an object that only holds others
	err := x.walk(func(x *xmlWalker, e element) error {
		name := e.Name.Local
		if strings.HasSuffix(name, "Pr") {
			return x.walk(func(_ *xmlWalker, e element) error {
				o.set[e.Name.Local] = e.attr("val")
				return nil
			})
		}
		if name == "t" {
			return x.walkText(nil, func(s string) { direct.WriteString(latex.Replace(s)) })
		}
		if depth == maxMathDepth {
			return nil
		}
		in, err := readMathObject(x, depth+1)
		o.parts = append(o.parts, mathText{name, in.latex(name)})
		return err
	})
	if direct.Len() > 0 {
		o.parts = append(o.parts, mathText{"t", direct.String()})
	}
	return o, err
}

// all are the texts of the parts of a name, or of any, between separators.
func (o mathObject) all(name, separator string) string {
	var list []string
	for _, p := range o.parts {
		if name == "" || p.name == name {
			list = append(list, p.text)
		}
	}
	return strings.Join(list, separator)
}

// script is a part in braces, or nothing when it is blank.
func (o mathObject) script(mark, name string) string {
	if s := o.all(name, ""); strings.TrimSpace(s) != "" {
		return mark + "{" + s + "}"
	}
	return ""
}

// value is a property's, or what it is when it is not set.
func (o mathObject) value(name, unset string) string {
	if v, ok := o.set[name]; ok {
		return v
	}
	return unset
}

func (o mathObject) latex(name string) string {
	base := o.all("e", "")
	switch name {
	case "f":
		return o.fraction()
	case "rad":
		if degree := o.all("deg", ""); degree != "" {
			return `\sqrt[` + degree + "]{" + base + "}"
		}
		return `\sqrt{` + base + "}"
	case "sSub", "sSup", "sSubSup", "limLow":
		return base + o.script("_", "sub") + o.script("^", "sup") + o.script("_", "lim")
	case "limUpp":
		return base + o.script("^", "lim")
	case "sPre":
		return "{}" + o.script("_", "sub") + o.script("^", "sup") + base
	case "nary":
		return latex.Replace(o.value("chr", "∫")) + o.script("_", "sub") + o.script("^", "sup") + base
	case "d":
		return `\left` + delimiterChar(o.value("begChr", "(")) + o.all("e", o.value("sepChr", "|")) + `\right` + delimiterChar(o.value("endChr", ")"))
	case "func":
		return `\` + o.all("fName", "") + " " + base
	case "m":
		return `\begin{matrix}` + o.all("mr", ` \\ `) + `\end{matrix}`
	case "mr":
		return o.all("e", " & ")
	case "eqArr":
		return o.all("e", ` \\ `)
	case "acc":
		return o.accent("\u0302", base)
	case "groupChr":
		return o.accent("⏟", base)
	case "bar":
		if o.value("pos", "") == "top" {
			return `\overline{` + base + "}"
		}
		return `\underline{` + base + "}"
	}
	return o.all("", "")
}

func (o mathObject) fraction() string {
	above, below := o.all("num", ""), o.all("den", "")
	switch o.value("type", "bar") {
	case "noBar":
		return `\binom{` + above + "}{" + below + "}"
	case "lin", "skw":
		return above + "/" + below
	}
	return `\frac{` + above + "}{" + below + "}"
}

// delimiterChar is a bracket, or the dot that stands for none.
func delimiterChar(s string) string {
	if s == "{" || s == "}" {
		return `\` + s
	}
	return cmp.Or(s, ".")
}

// accents are characters over or under others.
var accents = map[string]string{
	"\u0302": `\hat`, "\u0303": `\tilde`, "\u0304": `\bar`, "\u0305": `\bar`, "¯": `\bar`, "\u20d7": `\vec`, "\u0307": `\dot`, "\u0308": `\ddot`,
	"⏞": `\overbrace`, "⏟": `\underbrace`,
}

func (o mathObject) accent(usual, base string) string {
	mark := o.value("chr", usual)
	if command := accents[mark]; command != "" {
		return command + "{" + base + "}"
	}
	return base + mark
}

// latex spells the symbols that formulas use most.
var latex = strings.NewReplacer(
	"α", `\alpha `, "β", `\beta `, "γ", `\gamma `, "δ", `\delta `, "ε", `\epsilon `, "θ", `\theta `,
	"λ", `\lambda `, "μ", `\mu `, "π", `\pi `, "ρ", `\rho `, "σ", `\sigma `, "τ", `\tau `, "φ", `\phi `, "ω", `\omega `,
	"Δ", `\Delta `, "Σ", `\Sigma `, "Ω", `\Omega `, "∑", `\sum `, "∏", `\prod `, "∫", `\int `, "∞", `\infty `,
	"±", `\pm `, "×", `\times `, "÷", `\div `, "·", `\cdot `, "≤", `\leq `, "≥", `\geq `, "≠", `\neq `, "≈", `\approx `,
	"→", `\to `, "∂", `\partial `, "∇", `\nabla `, "∈", `\in `, "√", `\sqrt `,
	"ζ", `\zeta `, "η", `\eta `, "ι", `\iota `, "κ", `\kappa `, "ν", `\nu `, "ξ", `\xi `, "υ", `\upsilon `, "χ", `\chi `, "ψ", `\psi `,
	"ϵ", `\epsilon `, "ϕ", `\phi `, "Γ", `\Gamma `, "Θ", `\Theta `, "Λ", `\Lambda `, "Ξ", `\Xi `, "Π", `\Pi `, "Φ", `\Phi `, "Ψ", `\Psi `,
	"∪", `\cup `, "∩", `\cap `, "⋃", `\bigcup `, "⋂", `\bigcap `, "∧", `\wedge `, "∨", `\vee `, "⋀", `\bigwedge `, "⋁", `\bigvee `,
	"∬", `\iint `, "∭", `\iiint `, "∮", `\oint `, "⋅", `\cdot `, "∉", `\notin `, "⊂", `\subset `, "⊆", `\subseteq `, "∅", `\emptyset `,
	"∀", `\forall `, "∃", `\exists `, "⇒", `\Rightarrow `, "⇔", `\Leftrightarrow `, "←", `\leftarrow `, "≡", `\equiv `, "∝", `\propto `,
)
