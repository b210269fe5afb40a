package parse

// spans lays out rows whose cells may reach over several columns and rows.
type spans struct {
	row   []string
	names []string        // of the row: a cell's text in each column that it reaches over
	below map[int]spanned // by column, for the rows to come
}

type spanned struct {
	text, name string
	rows       int
}

func (s *spans) begin() { s.row, s.names = nil, nil }

// cell adds a cell that reaches over cols columns, blank after the first, and
// rows rows, in each of which it is repeated unless it is long. Less than 1
// counts as 1.
func (s *spans) cell(text string, cols, rows int) {
	s.fill()
	name := text
	for i := range max(1, cols) {
		if i > 0 {
			text = ""
		}
		if rows > 1 {
			s.hang(text, name, rows)
		}
		s.add(text, name)
	}
}

// hang has a cell reach down from the column that is next.
func (s *spans) hang(text, name string, rows int) {
	if s.below == nil {
		s.below = map[int]spanned{}
	}
	if len(name) > maxRepeated {
		text, name = "", ""
	}
	s.below[len(s.row)] = spanned{text, name, rows}
}

func (s *spans) add(text, name string) {
	s.row, s.names = append(s.row, text), append(s.names, name)
}

// fill takes the cells that reach down into this row here.
func (s *spans) fill() {
	for {
		c, ok := s.below[len(s.row)]
		if !ok {
			return
		}
		s.add(c.text, c.name)
	}
}

// end returns the row.
func (s *spans) end() []string {
	s.fill()
	for i, c := range s.below {
		if c.rows--; c.rows < 1 {
			delete(s.below, i)
		} else {
			s.below[i] = c
		}
	}
	return s.row
}
