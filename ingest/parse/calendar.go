package parse

import (
	"context"
	"strings"
	"time"
)

// readCalendar reads iCalendar (RFC 5545): each event, task or journal entry
// under its summary, with when, where, who and its description.
func readCalendar(ctx context.Context, body []byte) (Parsed, error) {
	text, err := decodeAny(body)
	if err != nil {
		return Parsed{}, err
	}
	c := &calendar{}
	unfolded := strings.NewReplacer("\n ", "", "\n\t", "").Replace(text)
	n := 0
	for line := range strings.Lines(unfolded) {
		if n++; n&1023 == 0 && ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		c.line(strings.TrimRight(line, "\n"))
	}
	c.end()
	p := c.out.parsed(map[string]any{})
	if c.entries > 1 {
		p.Title = c.name // no entry's is that of them all
	}
	return p, nil
}

type calendar struct {
	out     page
	name    string // of the calendar
	entries int
	entry   bool // inside an entry
	inside  int  // open parts of it: alarms
	summary string
	about   string
	lines   []string
}

// calendarNames are the properties that are shown, as people call them.
var calendarNames = map[string]string{
	"DTSTART": "Start", "DTEND": "End", "DUE": "Due", "LOCATION": "Where", "ORGANIZER": "Organizer", "ATTENDEE": "Attendee",
	"STATUS": "Status", "CATEGORIES": "Categories", "RRULE": "Repeats", "URL": "Link",
}

// line reads one property: NAME;PARAMETER=…:value.
func (c *calendar) line(line string) {
	head, value, _ := strings.Cut(line, ":")
	name, parameters, _ := strings.Cut(head, ";")
	name = strings.ToUpper(name)
	switch {
	case name == "BEGIN" && c.entry:
		c.inside++
	case name == "END" && c.inside > 0:
		c.inside--
	case name == "BEGIN":
		c.entry = value == "VEVENT" || value == "VTODO" || value == "VJOURNAL"
	case name == "END":
		c.end()
	case name == "X-WR-CALNAME":
		c.name = oneLine(tidy(calendarEscapes.Replace(value)))
	case c.entry && c.inside == 0:
		c.property(name, parameters, value)
	}
}

func (c *calendar) property(name, parameters, value string) {
	value = strings.TrimSpace(tidy(calendarEscapes.Replace(value)))
	switch {
	case value == "":
	case name == "SUMMARY":
		c.summary = oneLine(value)
	case name == "DESCRIPTION":
		c.about = value
	case calendarNames[name] != "" && len(c.lines) < 1000:
		if name == "ORGANIZER" || name == "ATTENDEE" {
			value = calendarPerson(parameters, value)
		}
		c.lines = append(c.lines, calendarNames[name]+": "+oneLine(calendarTime(parameters, value)))
	}
}

var calendarEscapes = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`)

// end writes the open entry.
func (c *calendar) end() {
	c.out.put(Block{Kind: Heading, Level: 1}, c.summary, 0)
	c.out.put(Block{Kind: Paragraph}, strings.Join(c.lines, "\n"), 0)
	c.out.put(Block{Kind: Paragraph}, c.about, 0)
	if c.entry {
		c.entries++
	}
	c.entry, c.summary, c.about, c.lines = false, "", "", nil
}

// calendarPerson is a name, where the parameter CN has it, and an address.
func calendarPerson(parameters, value string) string {
	value = strings.TrimPrefix(strings.ToLower(value), "mailto:")
	if name := calendarParameter(parameters, "CN"); name != "" {
		return strings.Trim(name, `"`) + " <" + value + ">"
	}
	return value
}

// calendarParameter is a property's parameter, empty without it.
func calendarParameter(parameters, name string) string {
	for p := range strings.SplitSeq(parameters, ";") {
		if value, ok := strings.CutPrefix(p, name+"="); ok {
			return value
		}
	}
	return ""
}

// calendarTime writes a date or time as people do, with its zone; what is none
// is returned as it is.
func calendarTime(parameters, value string) string {
	for form, layout := range map[string]string{"20060102T150405Z": "2006-01-02 15:04 UTC", "20060102T150405": "2006-01-02 15:04", "20060102": time.DateOnly} {
		if t, err := time.Parse(form, value); err == nil {
			return strings.TrimSpace(t.Format(layout) + " " + calendarParameter(parameters, "TZID"))
		}
	}
	return value
}
