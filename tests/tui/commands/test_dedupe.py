"""`selfinstruct dedupe`: what it says, what it writes, how it ends."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from selfinstruct.tui.commands.selfinstruct import app
from tests.journeys.terminal import Terminal

ROWS = ["Name a fish.", "Name a fish!", "Sing a song of the sea.", "name a FISH", "Sing a song of the seas."]


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["dedupe", *map(str, words)])


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"instruction": row}) + "\n" for row in ROWS))
    return path


def test_it_says_what_came_of_it(rows: Path, tmp_path: Path) -> None:
    result = run(rows, "--out", tmp_path / "out.jsonl", "--report", tmp_path / "fell.jsonl")
    assert result.exit_code == 0, result.output
    summary = f"Wrote 2 of 5 rows to {tmp_path}/out.jsonl; 3 near-duplicates removed at threshold 0.7.\n"
    assert result.stdout == summary
    assert (tmp_path / "out.jsonl").read_text().splitlines() == [
        json.dumps({"instruction": ROWS[place]}) for place in (0, 2)
    ]
    told = [json.loads(line) for line in (tmp_path / "fell.jsonl").read_text().splitlines()]
    assert [(line["line"], line["of_line"]) for line in told] == [(2, 1), (4, 1), (5, 3)]
    assert told[0] == {
        "file": str(rows),
        "line": 2,
        "why": "near_duplicate",
        "score": 1.0,
        "of_file": str(rows),
        "of_line": 1,
    }


def test_what_was_left_out_or_not_compared_is_said(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_text('{"text": "猫"}\noops\n{"text": "a"}\n')
    result = run(path, "--out", tmp_path / "out", "--skip-bad")
    assert "1 line skipped" in result.stdout
    assert "1 row kept without comparison: no words in language en." in result.stdout
    assert "--language other" in result.stdout


def test_rows_of_one_task_with_other_inputs_do_not_fall_unseen(tmp_path: Path) -> None:
    path = tmp_path / "in"
    rows = [("Translate into German.", "cat"), ("Translate into German.", "a house"), ("Sing.", "")]
    path.write_text("".join(json.dumps({"instruction": a, "input": b}) + "\n" for a, b in rows))
    result = run(path, "--out", tmp_path / "out")
    assert "Wrote 2 of 3" in result.stdout
    assert "1 of the removed rows had an input that was not compared." in result.stdout
    both = run(path, "--out", tmp_path / "both", "--field", "instruction", "--field", "input")
    assert "Wrote 3 of 3" in both.stdout
    assert "not compared" not in both.stdout


def test_both_fields_are_advised_as_they_are_only_where_every_row_has_them(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_text(
        '{"instruction": "Sing.", "input": "a"}\n{"instruction": "Sing.", "input": "b"}\n'
        '{"instruction": "Name a river of Europe.", "input": null}\n'
    )
    told = run(path, "--out", tmp_path / "out").stdout
    assert "1 of the removed rows had an input that was not compared." in told
    assert "give each row an input, even if empty, and use --field instruction --field input" in told
    refused = run(path, "--out", tmp_path / "both", "--field", "instruction", "--field", "input")
    assert "has no text in the field input" in refused.stderr


def test_a_field_of_ones_own_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_text('{"q": "one two", "text": "a"}\n{"q": "three", "text": "a"}\n')
    assert "Wrote 2 of 2" in run(path, "--out", tmp_path / "out", "--field", "q").stdout


def test_a_language_has_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_text('{"text": "그림을 그려 주세요"}\n{"text": "그림이 그려 주세요"}\n{"text": "물고기"}\n')
    for language in ("ko", "other"):
        result = run(path, "--out", tmp_path / language, "--language", language)
        assert "Wrote 2 of 3 rows" in result.stdout
        assert "without comparison" not in result.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["missing.jsonl", "--out", "out"],
            "missing.jsonl cannot be read: there is no such file in /",
        ),
        (["rows.jsonl", "--out", "rows.jsonl"], "one of the files to read"),
        (["rows.jsonl", "--out", "out", "--threshold", "1.5"], "out of range"),
        (["rows.jsonl", "--out", "out", "--field", "x"], "Line 1 of rows.jsonl has no text in the field x."),
        (["rows.jsonl", "--out", "out", "--language", "xx"], "Give one of en, es, ja, ko, zh, other"),
        (["rows.jsonl", "--out", "there"], "there already exists. Give --force"),
    ],
)
def test_what_is_wrong_takes_one_sentence(rows: Path, words: list[str], sentence: str) -> None:
    Path("there").touch()
    result = run(*words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_ray_one_sentence_says_how_to_get_it(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    result = run(rows, "--out", tmp_path / "out", "--engine", "ray")
    assert result.exit_code == 2
    assert "from a clone: pip install '.[ray]'" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl"]


def test_the_local_engine_does_not_import_ray(rows: Path, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from selfinstruct.tui.commands.selfinstruct import app\n"
        "try:\n    app()\nexcept SystemExit as left:\n    assert not left.code\n"
        "assert not {'ray', 'textual', 'openai'} & set(sys.modules)\n"
    )
    words = ["dedupe", str(rows), "--out", str(tmp_path / "out")]
    subprocess.run([sys.executable, "-c", script, *words], check=True)


_MANY = 160_000
"""Rows that take several seconds, so that there is time for a key between the first progress and the end."""


@pytest.mark.nightly
def test_on_a_terminal_a_bar_shows_how_far_it_is_and_ctrl_c_leaves_it_for_later(tmp_path: Path) -> None:
    rng = random.Random(0)
    words = [f"word{number}" for number in range(3000)]
    with (tmp_path / "many").open("w") as file:
        for _ in range(_MANY):
            file.write(json.dumps({"text": " ".join(rng.choices(words, k=12))}) + "\n")
    command = ["selfinstruct", "dedupe", str(tmp_path / "many"), "--out", str(tmp_path / "out")]
    with Terminal(*command) as terminal:
        terminal.wait_for("rows/s", gone=", 0 kept")
        terminal.press("ctrl+c")
        terminal.wait_for("Stopped. Run the same command again to resume.")
        assert terminal.process.wait() == 130
    assert not (tmp_path / "out").exists()
    with Terminal(*command) as terminal:
        terminal.wait_for("Resuming after")
        terminal.wait_for(f"of {_MANY:,} rows to")
        assert terminal.process.wait() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many", "out"]
