//go:build !linux

package parse

import "syscall"

// endWithParent does nothing here: a child ends when its input does.
func endWithParent(*syscall.SysProcAttr) {}

// limitMemory does nothing here: the sandbox of the PDF engine bounds its own.
func limitMemory(uint64) {}
