package main

import "testing"

func TestPerOperation(t *testing.T) {
	const said = "goos: linux\nBenchmarkDiff-2   \t       5\t 512000000 ns/op\nBenchmarkDiffer-2 \t 5\t 1 ns/op\nBenchmarkRollback \t 5\t 98000000 ns/op\t 12 B/op\nPASS\n"
	for name, want := range map[string]float64{"BenchmarkDiff": 0.512, "BenchmarkRollback": 0.098} {
		if got, err := perOperation(said, name); err != nil || got != want {
			t.Errorf("%s takes %v, %v, want %v", name, got, err, want)
		}
	}
	if got, err := perOperation(said, "BenchmarkPromote"); err == nil {
		t.Errorf("what did not run takes %v", got)
	}
}
