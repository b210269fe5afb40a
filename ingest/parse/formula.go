package parse

import "strings"

// formula writes Office Math (OMML) as LaTeX, on one line.
func formula(x *xmlWalker, b *strings.Builder) error {
	group := func(x *xmlWalker, open, end string) error {
		b.WriteString(open)
		err := formula(x, b)
		b.WriteString(end)
		return err
	}
	return x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "t":
			return x.walkText(nil, func(s string) { b.WriteString(latex.Replace(s)) })
		case "f":
			return group(x, `\frac`, "")
		case "num", "den":
			return group(x, "{", "}")
		case "sup":
			return group(x, "^{", "}")
		case "sub", "lim":
			return group(x, "_{", "}")
		case "rad":
			return group(x, `\sqrt{`, "}")
		case "d":
			return group(x, `\left(`, `\right)`)
		case "fName":
			return group(x, `\`, " ")
		case "chr":
			b.WriteString(latex.Replace(e.attr("val")))
			return nil
		case "rPr", "ctrlPr", "radPr", "dPr":
			return nil
		}
		return formula(x, b)
	})
}

// latex spells the symbols that formulas use most.
var latex = strings.NewReplacer(
	"α", `\alpha `, "β", `\beta `, "γ", `\gamma `, "δ", `\delta `, "ε", `\epsilon `, "θ", `\theta `,
	"λ", `\lambda `, "μ", `\mu `, "π", `\pi `, "ρ", `\rho `, "σ", `\sigma `, "τ", `\tau `, "φ", `\phi `, "ω", `\omega `,
	"Δ", `\Delta `, "Σ", `\Sigma `, "Ω", `\Omega `, "∑", `\sum `, "∏", `\prod `, "∫", `\int `, "∞", `\infty `,
	"±", `\pm `, "×", `\times `, "÷", `\div `, "·", `\cdot `, "≤", `\leq `, "≥", `\geq `, "≠", `\neq `, "≈", `\approx `,
	"→", `\to `, "∂", `\partial `, "∇", `\nabla `, "∈", `\in `, "√", `\sqrt `,
)
