package parse

// spans lays out rows whose cells may reach over several columns and rows.
type spans struct {
	row   []string
	below map[int]spanned // by column, for the rows to come
}

type spanned struct {
	text string
	rows int
}

func (s *spans) begin() { s.row = nil }

// cell adds a cell that reaches over cols columns, blank after the first, and
// rows rows, in each of which it is repeated. Less than 1 counts as 1.
func (s *spans) cell(text string, cols, rows int) {
	s.fill()
	for i := range max(1, cols) {
		if i > 0 {
			text = ""
		}
		if rows > 1 && len(text) <= maxRepeated {
			if s.below == nil {
				s.below = map[int]spanned{}
			}
			s.below[len(s.row)] = spanned{text, rows}
		}
		s.row = append(s.row, text)
	}
}

// fill takes the cells that reach down into this row here.
func (s *spans) fill() {
	for {
		c, ok := s.below[len(s.row)]
		if !ok {
			return
		}
		s.row = append(s.row, c.text)
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
