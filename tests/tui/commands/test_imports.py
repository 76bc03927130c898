"""Commands import only what they need, so that they start fast."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "words", [["--help"], ["status", "--db", "GROWN"], ["export", "--help"], ["dedupe", "--help"]]
)
def test_light_commands_import_nothing_heavy(grown: Path, words: list[str]) -> None:
    script = (
        "import sys\n"
        "from selfinstruct.tui.commands.selfinstruct import app\n"
        "try:\n    app()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "heavy = {'textual', 'openai', 'nltk', 'rouge_score', 'rapidfuzz'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    words = [str(grown) if word == "GROWN" else word for word in words]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("selfinstruct", ["check", "--db", "GROWN"]),
        ("selfinstruct", ["dedupe", "ROWS", "--out", "kept.jsonl", "--field", "text"]),
        ("selfinstruct_tui", ["--auto", "--model", "offline", "--target", "3", "--db", "new.db"]),
    ],
)
def test_what_compares_texts_has_rouge_scores_tokens_and_never_imports_nltk(
    grown: Path, tmp_path: Path, program: str, words: list[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "Name a fish."}\n{"text": "Name a bird."}\n')
    script = (
        "import sys\n"
        f"from selfinstruct.tui.commands.{program} import app\n"
        "try:\n    app()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "assert 'nltk' not in sys.modules\n"
    )
    given = {"GROWN": str(grown), "ROWS": str(rows)}
    words = [given.get(word, word) for word in words]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["selfinstruct", "selfinstruct_tui"])
def test_both_programs_say_their_version_and_import_nothing_heavy_for_it(module: str) -> None:
    script = (
        "import sys\n"
        f"from selfinstruct.tui.commands.{module} import app\n"
        "try:\n    app()\nexcept SystemExit as left:\n    assert not left.code, left.code\n"
        "heavy = {'textual', 'openai', 'numpy', 'rapidfuzz', 'jinja2', 'sqlite_utils'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    words = [sys.executable, "-c", script, "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"selfinstruct-tui {version('selfinstruct-tui')}\n"


def test_the_curator_imports_what_requests_and_dialogs_need_after_its_first_screen() -> None:
    script = (
        "import sys\n"
        "import selfinstruct.tui.commands.selfinstruct_tui, selfinstruct.tui.app\n"
        "from selfinstruct.tui import session\n"
        "later = {*session._FOR_THE_POOL, *session._FOR_REQUESTS, *session._FOR_KEYS}\n"
        "early = later & set(sys.modules)\n"
        "assert len(later) > 10\n"
        "assert not early, early\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
