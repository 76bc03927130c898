"""Filters, formats and row shapes of other packages are found once installed; a broken one is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "example_plugin"
PROGRAM = "from selfinstruct.tui.commands.selfinstruct import main; main()"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the example package is installed."""
    folder = tmp_path_factory.mktemp("plugins")
    source = folder / "source"
    source.mkdir()
    for path in EXAMPLE.iterdir():
        if path.is_file():
            (source / path.name).write_bytes(path.read_bytes())
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([sys.executable, *install, "--target", folder / "site", source], check=True)
    return folder / "site"


def run(site: Path, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_filter_and_a_row_shape_of_another_package_are_at_work_once_it_is_installed(
    installed: Path, tmp_path: Path
) -> None:
    cards = [
        {"front": "What is the capital of Peru?", "back": "Lima."},
        {"front": "Who? What? Where? When? Answer all of them, please.", "back": "No."},
    ]
    (tmp_path / "cards.jsonl").write_text("".join(f"{json.dumps(card)}\n" for card in cards))
    done = run(installed, tmp_path, "import", "cards.jsonl", "--db", "w.db")
    assert done.returncode == 0, done.stderr
    assert "JSON Lines of flashcards, by the fields front, back." in done.stdout
    assert "filtered out: 1 many questions" in done.stdout
    (tmp_path / "plain").mkdir()
    without = run(tmp_path / "plain", tmp_path, "import", "cards.jsonl", "--db", "v.db")
    assert "have none of the known shapes; their fields are front, back" in without.stderr


def test_an_export_format_of_another_package_is_written_once_it_is_installed(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "cards.jsonl").write_text('{"front": "Name the capital of Peru.", "back": "Lima."}\n')
    assert (
        run(installed, tmp_path, "import", "cards.jsonl", "--db", "w.db", "--as", "accepted").returncode == 0
    )
    words = ("export", "--db", "w.db", "--format", "flashcards", "--out")
    done = run(installed, tmp_path, *words, "back.jsonl")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "back.jsonl").read_text()) == json.loads(
        (tmp_path / "cards.jsonl").read_text()
    )
    (tmp_path / "plain").mkdir()
    assert run(tmp_path / "plain", tmp_path, *words, "other.jsonl").returncode == 2


def test_what_its_filter_objected_to_is_found_by_its_code(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "selfinstruct.toml").write_text("[filters]\nmax_questions = 0\n")
    (tmp_path / "cards.jsonl").write_text('{"front": "What is the capital of Peru?", "back": "Lima."}\n')
    done = run(installed, tmp_path, "import", "cards.jsonl", "--db", "w.db")
    assert "filtered out: 1 many questions" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("raise ValueError('no luck')", "cannot be loaded: no luck"),
        ("", "cannot be loaded: module 'broken' has no attribute 'FILTER'"),
        ("FILTER = 3", "is a int, which is not what selfinstruct.filters takes"),
        (
            "from selfinstruct.core.filtering.filter_kinds import RuleFilter\n"
            "FILTER = RuleFilter('too_long', lambda candidate: None)",
            "has the name too_long, which is taken",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_is_one_sentence_and_no_data_is_judged_without_it(
    tmp_path: Path, module: str, said: str
) -> None:
    (tmp_path / "broken.py").write_text(module)
    info = tmp_path / "broken-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[selfinstruct.filters]\nmine = broken:FILTER\n")
    done = run(tmp_path, tmp_path, "status", "--db", "w.db")
    assert done.returncode == 2
    assert done.stderr == (
        f"Error: The plugin mine of broken (broken:FILTER) {said}. Update or uninstall broken.\n"
    )
