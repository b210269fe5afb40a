package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
)

type versionCmd struct{}

func (versionCmd) Run(term *terminal) error {
	if term.json {
		return json.NewEncoder(term.out).Encode(map[string]string{"version": version()})
	}
	_, err := fmt.Fprintln(term.out, "quarry "+version())
	return err
}

// version is the module's version, or the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
