package main

import "sync"

// made is what once has made so far. Our container lives for one call of a function.
var made sync.Map

// once makes something of an object a single time in a call, however many ask for it side by side: each step that is put
// together again costs milliseconds, and what all need they would pay for each.
func once[T any](of any, what string, make func() (T, error)) (T, error) {
	type key struct {
		of   any
		what string
	}
	making, _ := made.LoadOrStore(key{of, what}, sync.OnceValues(make))
	return making.(func() (T, error))()
}
