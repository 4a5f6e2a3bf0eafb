module github.com/esteira/esteira

go 1.25.5
