package main

import (
	"fmt"

	"github.com/esteira/esteira/pipelines/python"
)

// What the tools are told, and where they put what they found.

// need ends a script when the project's lock has no such tool.
func need(tool, check string) string {
	return fmt.Sprintf("%s >/dev/null 2>&1 || { echo 'esteira: %s%s' >&2; exit 3; }\n", check, tool, python.UnlockedWords)
}

// lint runs ruff, which says what it found in files and by no exit code.
func lint(python.Project) ([]string, error) {
	return []string{"sh", "-c", need("ruff", "command -v ruff") + `mkdir -p /out
ruff check --exit-zero --no-cache --output-format=sarif --output-file=/out/check.sarif . || exit $?
ruff check --show-files . | grep -Eq '\.(py|pyi|ipynb)$' || { echo 'error: no Python file lies in the folder' >&2; exit 1; }
ruff format --check --no-cache --output-format=sarif . >/out/format.sarif || [ -s /out/format.sarif ]`}, nil
}

// typecheck runs mypy over what the project names, or over all of it.
func typecheck(project python.Project) ([]string, error) {
	script := need("mypy", "command -v mypy") + `mkdir -p /out
mypy --cache-dir=/dev/null --output=json --no-error-summary "$@" >/out/mypy.json || [ -s /out/mypy.json ]
cat /out/mypy.json`
	command := []string{"sh", "-c", script, "mypy"}
	if project.MypyFiles {
		return command, nil
	}
	return append(command, "."), nil
}

// editable makes the project known to Python's packaging and importable, where it lies.
const editable = "PYTHONPATH=" + backendPath + " uv pip install --quiet --offline --no-deps --no-build-isolation --editable . || exit $?\n"

// test runs pytest. After the exit codes for which there are reports, the step succeeds and is cached; the code is kept.
func test(project python.Project, only string) []string {
	script := need("pytest", "python -c 'import pytest'") + need("pytest-cov", "python -c 'import pytest_cov'")
	if project.Packaged() {
		script += editable
	}
	script += `mkdir -p /out/junit /out/coverage
"$@" 2>&1; code=$?
echo $code >/out/exit-code
case $code in 0|1|2|4|5) exit 0 ;; *) exit $code ;; esac`
	pytest := []string{
		"python", "-m", "pytest", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", "--junitxml=/out/junit/pytest.xml",
		"--cov-branch", "--cov-report=", "--cov-report=xml:/out/coverage/" + python.CoverageFile,
	}
	if project.CoverageSource {
		pytest = append(pytest, "--cov")
	} else {
		pytest = append(pytest, "--cov="+project.SourceFolder)
	}
	if only != "" {
		pytest = append(pytest, only)
	}
	return append([]string{"sh", "-c", script, "pytest"}, pytest...)
}

// build makes a wheel. Its files carry a fixed time, so that equal sources make equal wheels.
func build(project python.Project) ([]string, error) {
	if !project.Packaged() {
		return nil, &python.Unsound{
			File: python.Description, Reason: python.Description + " has no [build-system]: nothing says how a wheel is made",
			Remedy: `add one, such as requires = ["hatchling"] and build-backend = "hatchling.build"`,
		}
	}
	return []string{"sh", "-c", "SOURCE_DATE_EPOCH=315532800 PYTHONPATH=" + backendPath +
		" uv build --offline --wheel --no-build-isolation --python " + venvPath + " --no-create-gitignore --out-dir /out ."}, nil
}
