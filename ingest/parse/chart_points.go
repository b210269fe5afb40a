package parse

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// chartPoints reads the values of one dimension, each at its index. Of a
// dimension of several levels, the innermost first, a value has what stands
// above it before it.
func chartPoints(x *xmlWalker) ([]string, error) {
	var levels [][]string
	var visit visitor
	format, at := "", 0
	put := func(s string) {
		level := &levels[len(levels)-1]
		for len(*level) <= at {
			*level = append(*level, "")
		}
		(*level)[at] = chartNumber(oneLine(tidy(s)), format)
	}
	visit = func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "numCache", "numLit":
			format = "General"
		case "formatCode":
			var err error
			format, err = xmlText(x)
			format = strings.TrimSpace(format)
			return err
		case "lvl":
			levels = append(levels, nil)
			if code := e.attr("formatCode"); code != "" {
				format = code
			}
		case "pt", "v":
			if len(levels) == 0 {
				levels = append(levels, nil)
			}
			if i, err := strconv.Atoi(e.attr("idx")); err == nil {
				at = i
			}
			if at < 0 || at >= maxChartPoints {
				return nil
			}
			s, err := xmlText(x)
			put(s)
			return err
		case "f":
			return nil
		}
		return x.walk(visit)
	}
	err := x.walk(visit)
	return joinLevels(levels), err
}

// joinLevels puts before each value of the first level those that stand above it.
func joinLevels(levels [][]string) []string {
	if len(levels) == 0 {
		return nil
	}
	values := levels[0]
	for _, above := range levels[1:min(len(levels), maxChartLevels)] {
		last := ""
		for i := range values {
			if i < len(above) && above[i] != "" {
				last = cutBytes(above[i], maxRepeated)
			}
			values[i] = strings.TrimSpace(last + " " + values[i])
		}
	}
	return values
}

// chartNumber writes a number of a chart as its format shows it, as far as it is a
// date or a percentage, and else with the 15 digits that a sheet has. Without a
// format the value is text.
func chartNumber(value, format string) string {
	n, err := strconv.ParseFloat(value, 64)
	if format == "" || err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return value
	}
	switch plain := chartLiteral.ReplaceAllString(strings.ToLower(format), ""); {
	case strings.ContainsAny(plain, "yd") && n > 0 && n < 2_958_466: // 9999-12-31
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(n)).Format(time.DateOnly)
	case strings.HasSuffix(plain, "%"):
		_, decimals, _ := strings.Cut(plain, ".")
		return strconv.FormatFloat(100*n, 'f', min(strings.Count(decimals, "0"), 9), 64) + "%"
	}
	if math.Abs(n) >= 1e15 || n != 0 && math.Abs(n) < 1e-4 {
		return value
	}
	short, _ := strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64)
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// chartLiteral is text, colour or condition in a format of numbers.
var chartLiteral = regexp.MustCompile(`"[^"]*"|\[[^\]]*\]|\\.|general`)
