"""Commands import only what they need, so that they start fast."""

import shutil
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from selfinstruct.db.sqlite.connection import connect
from selfinstruct.db.sqlite.transactions import transaction

ROOT = Path(__file__).parents[3]


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


START = """
import asyncio, sys
from pathlib import Path

import selfinstruct.tui.commands.selfinstruct_tui
from selfinstruct.core.engine import Engine
from selfinstruct.core.settings.sources import resolve
from selfinstruct.db.workspace import Workspace
from selfinstruct.tui import session
from selfinstruct.tui.app import CuratorApp
from tests.tui.curating import screen_text

async def begin(engine):
    app = CuratorApp(engine)
    begun = asyncio.Event()
    session.Session.start = lambda _: begun.set()
    async with app.run_test(size=(120, 30)):
        await begun.wait()
        return screen_text(app), set(sys.modules)

with Workspace.open(Path(sys.argv[1])) as workspace:
    painted, imported = asyncio.run(begin(Engine(workspace, resolve({"model": "offline", "language": "en"}))))
for shown in ("generation", "Nearest in the pool: the pool is being read", "Quit"):
    assert shown in painted, painted
later = {*session._FOR_A_RUN, *session._FOR_THE_POOL, *session._FOR_REQUESTS, *session._FOR_KEYS}
assert len(later) > 10
early = (later | {"openai", "httpx2", "jinja2", "rapidfuzz"}) & imported
assert not early, early
"""


def test_the_first_screen_is_up_before_what_generation_and_keys_need_is_imported(
    grown: Path, tmp_path: Path
) -> None:
    path = shutil.copyfile(grown, tmp_path / "w.db")
    with closing(connect(path, create=False)) as db, transaction(db):
        # The detail pane has a label with the answer that it came from.
        db.execute(
            "UPDATE tasks SET label = 'generation',"
            " classify_request_id = (SELECT max(classify_request_id) FROM tasks) WHERE state = 'pending'"
        )
    words = [sys.executable, "-c", START, str(path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
