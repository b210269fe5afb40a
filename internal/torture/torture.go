// Package torture kills workers and Postgres in the middle of an import and
// proves that nothing is lost, doubled or left half done. `make test` does a
// little of it, `make torture` much more.
package torture
