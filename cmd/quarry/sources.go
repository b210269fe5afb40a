package main

import (
	"path/filepath"

	"github.com/quarry-rag/quarry/ingest"
)

// sources says what a role that works may reach, and with what.
type sources struct {
	AllowPrivateAddresses bool `help:"Let imports by URL connect to private, loopback and reserved addresses."`
}

// reading is how the worker reads what is not on its disk.
func (s *sources) reading(at *storage) ingest.Sources {
	return ingest.Sources{AllowPrivate: s.AllowPrivateAddresses, Cache: filepath.Join(at.home(), "cache")}
}
