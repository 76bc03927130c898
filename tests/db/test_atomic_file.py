"""Atomic writing: whole and on disk, or not at all, for exports, backups, repairs and dedupe alike."""

import errno
import os
import stat
from pathlib import Path

import pytest

from selfinstruct.db import atomic_file
from selfinstruct.db.atomic_file import put, writing


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("force", [False, True])
def test_a_file_has_its_name_once_it_is_whole(tmp_path: Path, force: bool) -> None:
    before = {"t": "before"} if force else {}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with writing(tmp_path / "t", force=force) as part:
        part.write_text("half")
        assert {name: text for name, text in files(tmp_path).items() if not name.startswith(".")} == before
        part.write_text("whole")
    assert files(tmp_path) == {"t": "whole"}
    assert stat.S_IMODE((tmp_path / "t").stat().st_mode) == 0o600


@pytest.mark.parametrize("force", [False, True])
def test_what_is_broken_off_leaves_nothing_and_takes_nothing_away(tmp_path: Path, force: bool) -> None:
    if force:
        (tmp_path / "t").write_text("before")
    before = files(tmp_path)
    with pytest.raises(KeyboardInterrupt), writing(tmp_path / "t", force=force) as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert files(tmp_path) == before


@pytest.mark.parametrize("with_links", [True, False])
def test_without_force_what_is_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_links: bool
) -> None:
    if not with_links:
        monkeypatch.setattr(Path, "hardlink_to", no_links)
    with writing(tmp_path / "t", force=False) as part:
        part.write_text("first")
    with pytest.raises(FileExistsError), writing(tmp_path / "t", force=False) as part:
        part.write_text("second")
    assert files(tmp_path) == {"t": "first"}


def no_links(self: Path, target: Path) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted")


def test_a_move_that_fails_where_there_are_no_links_leaves_no_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Path, target: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="Input/output"), writing(tmp_path / "t", force=False) as part:
        part.write_text("whole")
    assert files(tmp_path) == {}


def test_the_file_is_on_disk_before_it_has_its_name_and_the_name_before_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []
    sync = atomic_file.sync

    def note(path: Path) -> None:
        synced.append((path.name, (tmp_path / "t").exists()))
        sync(path)

    monkeypatch.setattr(atomic_file, "sync", note)
    (tmp_path / "new").write_text("whole")
    put(tmp_path / "new", tmp_path / "t", force=False)
    assert synced == [("new", False), (tmp_path.name, True)]
    assert files(tmp_path) == {"t": "whole"}


@pytest.mark.parametrize(("number", "fails"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_cannot_be_synced_is_no_failure_unless_the_disk_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, fails: bool
) -> None:
    fsync = os.fsync

    def sync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    (tmp_path / "new").write_text("whole")
    if fails:
        with pytest.raises(OSError, match="Input/output"):
            put(tmp_path / "new", tmp_path / "t", force=True)
    else:
        put(tmp_path / "new", tmp_path / "t", force=True)
    assert files(tmp_path) == {"t": "whole"}
