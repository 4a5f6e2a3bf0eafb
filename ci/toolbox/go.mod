module github.com/esteira/esteira/ci/toolbox

go 1.25.5

require golang.org/x/mod v0.40.0
