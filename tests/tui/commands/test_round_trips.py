"""Exported, imported and exported again, rows are the same, for all pairs of formats that can hold them."""

import json
from itertools import product
from pathlib import Path

import pytest

from tests.tui.commands.running import run

pytestmark = pytest.mark.long

PLAIN = [
    {"instruction": "Name a river in Europe.", "input": "", "output": "The Rhine."},
    {"instruction": " Sort these,\nplease: \t", "input": "", "output": "\n1, 2, 3\n"},
    {"instruction": "次の文を要約して。👍", "input": "", "output": '"Ja", "Nein"; =1+1'},
]
WITH_INPUT = [{"instruction": "Say which animal it is.", "input": 'cod\nor "eel"', "output": "fish"}]
TALKS = [
    {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "How far is the moon?"},
            {"role": "assistant", "content": "From which planet?"},
            {"role": "user", "content": "From Earth."},
            {"role": "assistant", "content": "384,000 km."},
        ]
    }
]
ENDINGS = {"csv": ".csv", "parquet": ".parquet"}
WHOLE = ("messages", "sharegpt", "prompt-completion", "parquet")
"""Formats that hold conversations, and make one text of instruction and input."""
APART = ("alpaca", "csv")
"""Formats that keep instruction and input apart."""


def imported(folder: Path, path: Path) -> Path:
    db = folder / f"{path.name}.db"
    done = run("import", path, "--db", db, "--as", "accepted", "--no-judge")
    assert done.exit_code == 0, done.output
    assert "not imported" not in done.stdout
    return db


def exported(db: Path, name: str) -> Path:
    out = db.with_name(f"{db.stem}.{name}{ENDINGS.get(name, '.jsonl')}")
    done = run("export", "--db", db, "--format", name, "--out", out, "--force")
    assert done.exit_code == 0, done.output
    return out


def content(path: Path) -> object:
    if path.suffix != ".parquet":
        return sorted(path.read_text(encoding="utf-8").splitlines())
    parquet = pytest.importorskip("pyarrow.parquet")
    return sorted(map(json.dumps, parquet.read_table(path).to_pylist()))


@pytest.mark.parametrize(
    ("rows", "first", "second"),
    [
        *((PLAIN, *pair) for pair in product((*WHOLE, *APART), repeat=2)),
        *((WITH_INPUT, *pair) for pair in product(APART, (*WHOLE, *APART))),
        *((TALKS, *pair) for pair in product(WHOLE, repeat=2)),
    ],
    ids=lambda value: value if isinstance(value, str) else ("talk" if value is TALKS else str(len(value))),
)
def test_rows_are_the_same_after_the_round_trip(
    tmp_path: Path, rows: list[object], first: str, second: str
) -> None:
    if "parquet" in {first, second}:
        pytest.importorskip("pyarrow")
    source = tmp_path / "rows.jsonl"
    source.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    db = imported(tmp_path, source)
    wanted = content(exported(db, second))
    again = imported(tmp_path, exported(db, first))
    assert content(exported(again, second)) == wanted
