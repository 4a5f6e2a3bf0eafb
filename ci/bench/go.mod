module github.com/esteira/esteira/ci/bench

go 1.25.5
