"""Data sets: what is read, what is refused, and that the same rows are the same bytes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.samples import SCHEMA, Samples, lines, small_table
from training import builtin, folder, schema, table, validation
from training.problem import Problem
from training.table import Table


def test_csv_is_read_by_its_schema(samples: Samples) -> None:
    path = samples.csv(["site,kind,width,length", "north,oak,2.5,10", '"so, uth",elm,4,20.125'])
    read = schema.load(path, samples.schema())
    assert read.features == ("length", "width")
    assert read.rows.tolist() == [[10, 2.5], [20.125, 4]]
    assert read.labels.tolist() == [0, 1]
    assert read.slices == {"site": ("north", "so, uth")}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("x,2,oak,north", "rows.csv:3, column 'length': 'x' is no number"),
        (",2,oak,north", "rows.csv:3, column 'length': '' is no number"),
        ("nan,2,oak,north", "rows.csv:3, column 'length': 'nan' is not finite"),
        ("1,-inf,oak,north", "rows.csv:3, column 'width': '-inf' is not finite"),
        ("100.5,2,oak,north", "rows.csv:3, column 'length': 100.5 is not between 0 and 100"),
        ("1,-0.1,oak,north", "rows.csv:3, column 'width': -0.1 is not between 0 and 50"),
        ("1,2,ash,north", "rows.csv:3, column 'kind': unknown label 'ash': want oak, elm"),
        ("1,2,oak", "rows.csv:3: 3 fields, and the header has 4"),
        ('1,2,"oak,north', "rows.csv:3: unexpected end of data"),
    ],
)
def test_bad_row(samples: Samples, line: str, wanted: str) -> None:
    path = samples.csv(["length,width,kind,site", "1,2,oak,north", line])
    with pytest.raises(Problem) as caught:
        schema.load(path, samples.schema())
    assert wanted in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (["length,width,kind"], "rows.csv:1: the header is length,width,kind: want the columns length,width,kind,site"),
        (["length,width,kind,site,site"], "rows.csv:1: the header is"),
        ([""], "rows.csv:1: the header is"),
        (["length,width,kind,site"], "rows.csv has no rows"),
    ],
)
def test_bad_file(samples: Samples, text: list[str], wanted: str) -> None:
    with pytest.raises(Problem) as caught:
        schema.load(samples.csv(text), samples.schema())
    assert wanted in str(caught.value)


def test_missing_and_binary_file(samples: Samples) -> None:
    with pytest.raises(Problem, match="absent: No such file"):
        schema.load(samples.path / "absent", samples.schema())
    binary = samples.path / "binary"
    binary.write_bytes(b"length,width,kind,site\n\xff\xfe")
    with pytest.raises(Problem, match="binary is not UTF-8"):
        schema.load(binary, samples.schema())


COLUMN = SCHEMA["columns"][0]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"version": 2}, "version is 2: this reads version 1"),
        ({"limits": None}, "limits is missing"),
        ({"limits": " "}, "limits is ' ': want a text"),
        ({"colums": []}, "unknown field 'colums'"),
        ({"name": "Two words"}, "name is 'Two words': want up to 63"),
        ({"columns": []}, "columns is []: want a list"),
        ({"columns": [COLUMN | {"type": "int"}]}, "columns[0].type is 'int': want float"),
        ({"columns": [COLUMN | {"min": 100}]}, "columns[0]: min 100 is not less than max 100"),
        ({"columns": [COLUMN | {"max": True}]}, "columns[0].max is True: want a number"),
        ({"columns": [COLUMN | {"max": 1e39}]}, "columns[0].max is 1e+39: want a number that a float32 can hold"),
        ({"columns": [COLUMN | {"unit": "cm"}]}, "columns[0]: unknown field 'unit'"),
        ({"columns": [COLUMN, COLUMN]}, "column 'length' is named twice"),
        ({"columns": [COLUMN | {"name": "kind"}]}, "column 'kind' is named twice: a label or a slice is no feature"),
        ({"columns": [COLUMN | {"name": "label"}]}, "a feature cannot be called 'label'"),
        ({"label": {"name": "kind", "classes": ["oak"]}}, "label.classes is ['oak']: want two or more different ones"),
        ({"label": {"name": "kind", "classes": ["a", "a"]}}, "want two or more different ones"),
        ({"label": "kind"}, "label is 'kind': want classes, name"),
        ({"slices": "site"}, "slices is 'site': want a list of texts"),
    ],
)
def test_bad_schema(samples: Samples, changes: dict[str, Any], wanted: str) -> None:
    with pytest.raises(Problem) as caught:
        schema.read(samples.schema(**changes))
    assert wanted in str(caught.value)


def test_schema_with_a_key_twice(samples: Samples) -> None:
    path = samples.path / "twice.yaml"
    path.write_text("version: 1\nversion: 1\n")
    with pytest.raises(Problem, match="'version' is there twice"):
        schema.read(path)
    path = path.with_suffix(".json")
    path.write_text('{"version": 1, "version": 1}')
    with pytest.raises(Problem, match="a key of version is there twice"):
        schema.read(path)


@pytest.mark.parametrize(
    "text", ["a: 2020-99-99", "[" * 5000, "? [a]\n: b", "a: &a [*a", "a: !!python/object:os.x {}", "\x00"]
)
def test_odd_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(Problem, match=r"odd\.yaml"):
        schema.read(path)


# A parser that gets any text at all says what is wrong with it, and never breaks.
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(samples: Samples, data: bytes) -> None:
    path = samples.path / "fuzz"
    path.write_bytes(data)
    for read in (lambda: schema.read(path), lambda: schema.load(path, samples.schema())):
        try:
            read()
        except Problem:
            continue
    path.write_bytes(b"length,width,kind,site\n" + data)
    try:
        loaded = schema.load(path, samples.schema())
    except Problem:
        return
    assert np.isfinite(loaded.rows).all()


@pytest.mark.parametrize("name", builtin.NAMES)
def test_data_is_kept_as_it_is(tmp_path: Path, name: str) -> None:
    loaded = builtin.load(name)
    table.write(loaded, tmp_path, [])
    again = table.read(tmp_path)
    assert again.sha256() == loaded.sha256()
    assert np.array_equal(again.rows, loaded.rows)
    assert np.array_equal(again.labels, loaded.labels)
    assert (again.name, again.features, again.classes) == (loaded.name, loaded.features, loaded.classes)


def test_iris_has_its_digest() -> None:
    """Equal bytes on every machine: what a champion was trained on is found again by this."""
    assert builtin.load("iris").sha256() == "7f60b5a939c882079b9586f47fa52e03d8fd6f369bb2c59785197b78566d6241"


def test_changed_data_is_refused(tmp_path: Path) -> None:
    table.write(small_table(), tmp_path, [])
    data = tmp_path / "data.csv"
    data.write_text(data.read_text().replace("yes", "no"))
    with pytest.raises(Problem, match=r"data.csv has the digest .*: train again"):
        table.read(tmp_path)


@pytest.mark.parametrize(
    "change", [{"classes": ["no"]}, {"features": 3}, {"features": ["a", "b", "c"]}, {"name": None}]
)
def test_description_of_other_data(tmp_path: Path, change: dict[str, Any]) -> None:
    table.write(small_table(), tmp_path, [])
    path = tmp_path / "data.json"
    fields = json.loads(path.read_text()) | change
    path.write_text(json.dumps({key: value for key, value in fields.items() if value is not None}))
    with pytest.raises(Problem, match=r"data.csv is not what data.json describes"):
        table.read(tmp_path)


def test_unknown_data_set() -> None:
    with pytest.raises(Problem, match="there is no data set 'irises': choose one of"):
        builtin.load("irises")


def test_identical_rows_are_a_warning(samples: Samples) -> None:
    text = [*lines(20), "1,1,oak,north", "2,2,oak,north", "1,1,oak,south", "2,2,elm,north"]
    read = schema.load(samples.csv(text), samples.schema())
    assert validation.check(read, 2) == [
        "rows 21, 23 are identical; they share a fold",
        "rows 22, 24 are identical, with different labels: elm, oak; they share a fold",
    ]


def test_rows_that_are_identical_for_a_float32(samples: Samples) -> None:
    text = [*lines(20), "0.1,1,oak,north", "0.10000000001,1,oak,north", "0,1,oak,north", "-0,1,oak,north"]
    read = schema.load(samples.csv(text), samples.schema())
    assert [warning[:12] for warning in validation.check(read, 2)] == ["rows 21, 22 ", "rows 23, 24 "]


def test_class_with_few_rows(samples: Samples) -> None:
    text = ["length,width,kind,site", *(f"{n},1,oak,north" for n in range(20)), *["1,1,elm,north"] * 20]
    read = schema.load(samples.csv(text), samples.schema())
    with pytest.raises(Problem, match="class 'elm' has 20 rows, 1 of them different: 3 folds need 3"):
        validation.check(read, 3)


def test_value_that_is_not_finite() -> None:
    small = small_table()
    rows = small.rows.copy()
    rows[4, 1] = np.nan
    broken = Table(small.name, small.features, small.classes, rows, small.labels)
    with pytest.raises(Problem, match="row 05, column 'b' is nan: want a finite number"):
        validation.check(broken, 2)


def test_ids_are_in_the_order_of_bytes() -> None:
    ids = small_table(rows=120).ids()
    assert ids == sorted(ids, key=str.encode)
    assert (ids[0], ids[-1]) == ("001", "120")


def test_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("")
    with pytest.raises(Problem, match="is not empty: name a new folder"):
        folder.create(tmp_path)
    with pytest.raises(Problem, match="cannot be made"):
        folder.create(tmp_path / "old" / "new")
