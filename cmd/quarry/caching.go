package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/answercache"
)

// newCache is the answer cache; nil when there is to be none.
func newCache(n *node, s *serving, source generate.Source, log *slog.Logger) (*answercache.Cache, error) {
	if s.AnswerCache == 0 {
		return nil, nil
	}
	return answercache.New(n.pool, source, answercache.Options{
		TTL: s.AnswerCache, Semantic: s.AnswerCacheSemantic, Log: log,
		Identity: fmt.Sprintf("%s %q %q %s", thisBuild(), s.RerankURL, s.RerankModel, n.model.Info().Fingerprint),
	})
}

// thisBuild tells this binary from others of the same version: another may answer
// otherwise.
func thisBuild() string {
	path, err := os.Executable()
	if err != nil {
		return version()
	}
	info, err := os.Stat(path)
	if err != nil {
		return version()
	}
	return fmt.Sprintf("%s %d %d", version(), info.Size(), info.ModTime().UnixNano())
}
