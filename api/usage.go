package api

import (
	"context"
	"time"

	"github.com/quarry-rag/quarry/generate/ledger"
	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// usageDays are listed unless told otherwise.
const usageDays = 30

// usage is UsageService.
type usage struct {
	quarryv1.UnimplementedUsageServiceServer
	ledger *ledger.Ledger
}

func (s *usage) ListUsage(ctx context.Context, in *quarryv1.ListUsageRequest) (*quarryv1.ListUsageResponse, error) {
	if s.ledger == nil {
		return &quarryv1.ListUsageResponse{}, nil
	}
	days := int(in.Days)
	if days == 0 {
		days = usageDays
	}
	today := time.Now().UTC()
	rows, err := s.ledger.List(ctx, ledger.Listing{
		Collection: in.Collection, From: today.AddDate(0, 0, 1-days), To: today, ByAccount: in.ByAccount,
	})
	if err != nil {
		return nil, err
	}
	out := &quarryv1.ListUsageResponse{}
	for _, r := range rows {
		out.Rows = append(out.Rows, fromUsageRow(r))
	}
	return out, nil
}

func fromUsageRow(r ledger.Row) *quarryv1.UsageRow {
	return &quarryv1.UsageRow{
		Day: r.Day.Format(time.DateOnly), Collection: r.Collection, Account: r.Account, Model: r.Model,
		Answers: r.Answers, Failures: r.Failures,
		InputTokens: r.InputTokens, OutputTokens: r.OutputTokens, CachedTokens: r.CachedTokens,
		Cost: float64(r.NanoDollars) / 1e9, Unpriced: r.Unpriced,
		Hits: r.Hits, Saved: float64(r.SavedNanoDollars) / 1e9, Spared: float64(r.SparedNanoDollars) / 1e9,
	}
}
