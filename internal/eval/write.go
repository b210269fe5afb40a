package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// write writes a report in every form that was asked for.
func (r *Request) write(report Report) error {
	if err := r.writeFigures(report); err != nil {
		return err
	}
	if err := r.writeWorst(report); err != nil {
		return err
	}
	if r.PerQuery != "" {
		if err := writeFile(r.PerQuery, report.WritePerQuery); err != nil {
			return err
		}
	}
	if r.RunOut == "" {
		return nil
	}
	for _, row := range report.Rows {
		name := r.RunOut
		if len(report.Rows) > 1 {
			name += "." + strings.NewReplacer(" ", "_", "/", "_").Replace(row.Setting.String())
		}
		if err := writeFile(name, func(w io.Writer) error { return WriteRun(w, row) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *Request) writeFigures(report Report) error {
	if r.JSON {
		return report.JSON(r.Out)
	}
	return report.Table(r.Out)
}

func (r *Request) writeWorst(report Report) error {
	if r.JSON || r.Worst == 0 || report.Ranked == 0 || len(report.Rows) == 0 {
		return nil
	}
	best := report.Best()
	if len(best.Worst(1)) == 0 {
		return nil
	}
	fmt.Fprintf(r.Out, "\nworst queries of %s:\n", best.Setting)
	return report.WriteWorst(r.Out, best, r.Worst)
}

// writeFile writes a whole file or leaves an error.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return fmt.Errorf("write %s: %w", name, err)
	}
	return f.Close()
}

func writeCalibration(w io.Writer, c Calibration, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(c)
	}
	_, err := fmt.Fprintf(w, "\nbest threshold of coverage: %.3f (%.3f to %.3f over resamples)\n"+
		"  balanced accuracy %.4f (%.4f to %.4f with 95%% confidence), on the questions it was chosen on\n"+
		"  %d of %d answerable questions kept, %d of %d others refused; AUC %.4f\n",
		c.Threshold, c.ThresholdCI.Low, c.ThresholdCI.High, c.Accuracy, c.CI.Low, c.CI.High,
		c.Kept, c.Kept+c.Lost, c.Refused, c.Refused+c.Missed, c.AUC)
	return err
}
