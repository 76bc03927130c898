"""What is missing is named with the folder in which it was looked for, by its full path."""

from pathlib import Path

import pytest

from selfinstruct.db.errors import WorkspaceError
from selfinstruct.db.missing import no_folder_for, not_written, why_missing
from selfinstruct.db.sqlite.backup import back_up
from selfinstruct.db.workspace import Workspace


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.db").touch()
    (tmp_path / "link.db").symlink_to("gone.db")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("x.db", "there is no such file in {here}"),
        ("../x.db", "there is no such file in {above}"),
        ("sub/x.db", "the folder {here}/sub does not exist"),
        ("sub/../other/x.db", "the folder {here}/other does not exist"),
        ("empty.db", "the file in {here} is empty"),
        ("link.db", "the symbolic link in {here} leads to nothing"),
    ],
)
def test_the_folder_is_named_by_its_full_path(here: Path, name: str, said: str) -> None:
    assert why_missing(Path(name)) == said.format(here=here, above=here.parent)


def test_a_workspace_that_is_not_there_says_where_it_was_looked_for(here: Path) -> None:
    with pytest.raises(WorkspaceError, match=f"no workspace at sub/x.db: the folder {here}/sub does not"):
        Workspace.open(Path("sub/x.db"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            FileNotFoundError(2, "No such file"),
            "the folder {here}/sub does not exist. Create it, or go away.",
        ),
        (NotADirectoryError(20, "Not a directory"), "{here}/sub is not a folder. Go away."),
        (PermissionError(13, "Permission denied"), "Permission denied. Go away."),
        (ValueError("odd"), "odd. Go away."),
    ],
)
def test_a_file_that_cannot_be_written_says_why_and_what_to_do(
    here: Path, error: Exception, said: str
) -> None:
    told = not_written(Path("sub/a.csv"), error, "go away")
    assert told == f"sub/a.csv cannot be written: {said.format(here=here)}"


def test_a_folder_that_is_there_is_not_told_of() -> None:
    assert no_folder_for(Path("a.csv"), "go away") is None


def test_a_backup_names_the_folder_that_is_missing(here: Path) -> None:
    Workspace.open(Path("w.db"), create=True).close()
    with pytest.raises(WorkspaceError, match=f"the folder {here}/sub does not exist. Create it, or choose"):
        back_up(Path("w.db"), Path("sub/b.db"), force=False)
