package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	quarryv1 "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// labelFlags say what holds for all documents of an import.
type labelFlags struct {
	Principals []string `name:"principal" env:"-" sep:"none" placeholder:"WHO" help:"Who may read the documents: a user or a group; repeat it for several. Default: as .quarry.yaml of a folder says, else everyone."`
	Metadata   []string `name:"metadata" env:"-" sep:"none" placeholder:"KEY=VALUE" help:"What to know of the documents, to filter by; repeat it for several. A VALUE that is JSON is taken as such."`
}

func (l labelFlags) into(in *quarryv1.StartImportRequest) error {
	in.Principals = l.Principals
	all := map[string]any{}
	for _, m := range l.Metadata {
		key, value, ok := strings.Cut(m, "=")
		if !ok || key == "" {
			return fmt.Errorf("--metadata %s: write KEY=VALUE", m)
		}
		var v any
		if json.Unmarshal([]byte(value), &v) != nil {
			v = value
		}
		all[key] = v
	}
	if len(all) == 0 {
		return nil
	}
	var err error
	in.Metadata, err = structpb.NewStruct(all)
	return err
}
