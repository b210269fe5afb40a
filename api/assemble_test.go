package api

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// parts is a stream that has arrived.
type parts struct {
	grpc.BidiStreamingServer[quarryv1.PutDocumentsRequest, quarryv1.PutDocumentsResponse]
	left []*quarryv1.PutDocumentsRequest
}

func (p *parts) Recv() (*quarryv1.PutDocumentsRequest, error) {
	if len(p.left) == 0 {
		return nil, io.EOF
	}
	next := p.left[0]
	p.left = p.left[1:]
	return next, nil
}

// documents are n of a size, a part each.
func documents(n, size int) *parts {
	p := &parts{}
	for i := range n {
		p.left = append(p.left,
			&quarryv1.PutDocumentsRequest{Part: &quarryv1.PutDocumentsRequest_Header{Header: &quarryv1.DocumentHeader{Collection: "docs", Uri: fmt.Sprint(i)}}},
			&quarryv1.PutDocumentsRequest{Part: &quarryv1.PutDocumentsRequest_Content{Content: make([]byte, size)}})
	}
	return p
}

// What arrives while a batch is put is the next batch, within its bounds.
func TestAssembledBatches(t *testing.T) {
	for _, tt := range []struct {
		n, size int
		want    []int // documents of each batch
	}{
		{50, 10, []int{50}},
		{150, 10, []int{64, 64, 22}},
		{5, 3 << 20, []int{2, 2, 1}},
		{2, 9 << 20, []int{1, 1}},
		{0, 0, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := newAssembler(documents(tt.n, tt.size))
			go a.run(t.Context())
			var got []int
			for more := true; more; {
				synctest.Wait() // as much has arrived as may
				batch, goesOn, err := a.batch(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(batch) > 0 {
					got = append(got, len(batch))
				}
				a.release(batch)
				more = goesOn
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%d documents of %d bytes: batches of %v, want %v", tt.n, tt.size, got, tt.want)
			}
		})
	}
}
