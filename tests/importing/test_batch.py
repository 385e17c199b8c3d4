"""Several files: each is imported for itself, and what became of all of them is told as one."""

import errno
import hashlib
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from importer.errors import BadSettings, CallRefused, Changed, Guarded, NotReached, Outage
from importer.importing import archiving
from importer.importing import batch as series_
from importer.importing.batch import Batch, BatchFace, FileResult
from importer.importing.run import prepare
from importer.journal.lock import held
from importer.messages import as_message, render
from importer.models import Progress, Result
from importer.operations.choosing import choose
from importer.operations.template import write as write_template
from importer.settings import Settings
from importer.telling import notifications, report_messages
from tests import systems
from tests.moments import before
from tests.sandbox import Sandbox

HEAD = "Prospect ID,Note,Visibility\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "exports"
    place.mkdir()
    return place


def lay(folder: Path, name: str, *lines: str, age: float = 600) -> Path:
    """A file that was last changed a while ago."""
    path = folder / name
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    os.utime(path, (time.time() - age,) * 2)
    return path


def lay_each(folder: Path, *names: str) -> None:
    """Files with a note each, to a prospect that is called by the file."""
    for name in names:
        lay(folder, name, f"P-{name[0]},x,private")


def run(
    named: Path | str | list[Path], settings: Settings, clock: Callable[[], float] = time.time, **face: Any
) -> Batch:
    chosen = choose(named if isinstance(named, list) else [named])
    return series_.run(chosen, settings, BatchFace(**face), clock=clock)


def fates(found: Batch) -> dict[str, FileResult]:
    return {over.file.name: over.fate for over in found.files}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class Imported(NamedTuple):
    path: Path
    done: Path

    def archive(self) -> archiving.Archived:
        place = self.done / self.path.name
        return archiving.archive(self.path, place, hashlib.sha256(b"imported").hexdigest())


@pytest.fixture
def imported(folder: Path, tmp_path: Path) -> Imported:
    found = Imported(folder / "a.csv", tmp_path / "done")
    found.path.write_text("imported")
    found.done.mkdir()
    return found


# -- which files


def test_files_folders_and_patterns_come_in_the_order_in_which_they_are_named_and_once(folder: Path) -> None:
    """A folder means every spreadsheet in it, by name. A file whose name looks like a pattern is that file."""
    for name in ("b.csv", "A.XLSX", "c.tsv", "d.xlsb", "[2026].csv", ".hidden.csv", "~$A.XLSX", "letter.pdf"):
        lay(folder, name)
    (folder / "sub.csv").mkdir()
    by_name = ["[2026].csv", "A.XLSX", "b.csv", "c.tsv", "d.xlsb"]
    several = ["d.xlsb", "*.csv", "", "b.csv"], ["d.xlsb", "[2026].csv", "b.csv", "A.XLSX", "c.tsv"]
    for named, found in ([""], by_name), several, (by_name[:1], by_name[:1]):
        chosen = choose([folder / name for name in named])
        assert [candidate.path.name for candidate in chosen.candidates] == found
        assert [one.path.name for one in chosen.candidates if one.is_named] == [name for name in named[:1] if name]
        assert chosen.left_out == []


def test_what_runs_wrote_is_left_out_of_a_folder_and_imported_when_it_is_named(
    box: Sandbox, settings: Settings, folder: Path
) -> None:
    sheet = lay(folder, "a.csv", "P1,x,private")
    write_template(folder / "filled in.xlsx")
    run(sheet, settings)
    results = folder / "a.results.xlsx"
    for named in ([folder], [folder / "*"], [sheet, results, folder / "filled in.xlsx"]):
        chosen = choose(named)
        assert {candidate.path.name for candidate in chosen.candidates} == {"a.csv", "filled in.xlsx"}
        assert chosen.left_out == [results]
    again = run(results, settings)
    assert (again.exit_status, again.counts) == (0, {Result.ALREADY_IMPORTED: 1})
    assert len(box.notes) == 1


@pytest.mark.parametrize("named", ["", "*.csv"])
def test_a_place_without_a_spreadsheet_is_like_an_empty_export(settings: Settings, folder: Path, named: str) -> None:
    found = run(folder / named, settings)
    assert found.exit_status == 2
    assert isinstance(found.files[0].error, Guarded)
    assert "There is no spreadsheet in " in render(found.files[0].why)
    assert run(folder / named, replace(settings, min_rows=0)).exit_status == 0


def test_a_file_that_may_not_be_whole_is_left_for_next_time_and_imported_then(
    box: Sandbox, settings: Settings, folder: Path
) -> None:
    lay(folder, "a.csv", "P1,x,private")
    lay(folder, "b.csv", "P2,x,private", age=20)
    lay(folder, "c.csv", "P3,x,private")
    lay(folder, "d.csv", "P4,x,private", age=-3600)
    mark = lay(folder, ".~lock.c.csv#")
    found = run(folder, settings)
    assert [over.fate for over in found.files] == [FileResult.IMPORTED, *[FileResult.LEFT] * 3]
    assert found.exit_status == 3
    assert "s ago" in render(found.files[1].why)
    assert mark.name in render(found.files[2].why)
    assert "is in the future" in render(found.files[3].why)
    mark.unlink()
    later = run(folder, settings, clock=lambda: time.time() + 3660)
    assert (later.exit_status, sorted(note.prospect_id for note in box.notes)) == (0, ["P1", "P2", "P3", "P4"])
    lay(folder, "e.csv", "P5,x,private", age=0)
    assert run(folder / "e.csv", settings).exit_status == 0


# -- one after the other


def test_one_files_failure_doesnt_stop_the_others(box: Sandbox, settings: Settings, folder: Path) -> None:
    lay(folder, "a.csv", "P1,x,private", "P2,x,nobody knows")
    (folder / "b.xlsx").write_bytes(b"no workbook")
    os.utime(folder / "b.xlsx", (1, 1))
    lay(folder, "c.csv")
    lay(folder, "d.csv", "P4,x,private")
    seen: list[str] = []
    found = run(folder, settings, ended=lambda over: seen.append(over.file.name))
    assert [over.exit_status for over in found.files] == [1, 2, 2, 0]
    assert found.exit_status == 2
    assert seen == ["a.csv", "b.xlsx", "c.csv", "d.csv"]
    assert {note.prospect_id for note in box.notes} == {"P1", "P4"}


@pytest.mark.parametrize(
    ("error", "statuses", "why"),
    [
        (ZeroDivisionError, [0, 3, 0], "because of an error of its own (ZeroDivisionError"),
        (NotReached, [0, 3, 3], "it can't be read"),
    ],
)
def test_only_a_place_that_is_out_of_reach_ends_the_files_after_it(
    box: Sandbox, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception],
    statuses: list[int], why: str,
) -> None:  # fmt: skip
    """After a fault of the program's own, what lies behind it in the folder would never be imported."""
    lay_each(folder, "a.csv", "b.csv", "c.csv")

    def broken(file: Path, *arguments: Any, **options: Any) -> Any:
        if file.name == "b.csv":
            raise error("it can't be read")
        return prepare(file, *arguments, **options)

    monkeypatch.setattr(series_, "prepare", broken)
    found = run(folder, settings)
    assert [over.exit_status for over in found.files] == statuses
    assert why in render(found.files[1].why)
    assert len(box.notes) == statuses.count(0)
    if error is ZeroDivisionError:
        assert "it can't be read" in render(found.files[1].why)
        assert "can't be read" not in render(as_message(found.files[1].why).without_others())  # as a log has it
        with pytest.raises(ZeroDivisionError):
            run(folder / "b.csv", settings)


@pytest.mark.parametrize(("error", "status"), [(Outage, 3), (CallRefused, 4)], ids=["outage", "key refused"])
def test_what_would_be_so_for_every_file_ends_them_all(
    box: Sandbox, settings: Settings, folder: Path, error: type, status: int
) -> None:
    lay_each(folder, "a.csv", "b.csv", "c.csv")
    if error is Outage:
        box.stop()
    found = run(folder, replace(settings, key="k", give_up=1))
    first = found.files[0].report
    assert first is not None
    assert isinstance(first.stopped, error)
    assert list(fates(found).values()) == [FileResult.STOPPED, FileResult.NOT_BEGUN, FileResult.NOT_BEGUN]
    assert [over.exit_status for over in found.files] == [status] * 3
    assert found.files[2].why == found.files[0].why
    assert len(box.received) <= 1


def test_a_file_that_is_declined_is_not_sent_and_the_next_is_asked_for(
    box: Sandbox, settings: Settings, folder: Path
) -> None:
    lay_each(folder, "a.csv", "b.csv")
    found = run(folder, settings, agree=lambda prepared: prepared.loaded.sheet.source.endswith("b.csv"))
    assert fates(found) == {"a.csv": FileResult.DECLINED, "b.csv": FileResult.IMPORTED}
    assert (found.exit_status, [note.prospect_id for note in box.notes]) == (2, ["P-b"])


# -- results, and the archive


def test_an_archive_that_isnt_there_is_said_first(box: Sandbox, settings: Settings, folder: Path) -> None:
    lay(folder, "a.csv", "P1,x,private")
    with pytest.raises(BadSettings, match="the folder does not exist"):
        run(folder, replace(settings, archive=folder / "none"))
    assert box.received == ()


def test_results_of_several_files_under_one_name_are_numbered(settings: Settings, folder: Path) -> None:
    lay_each(folder, "a.csv", "b.csv")
    run(folder, replace(settings, results=folder / "all.csv"))
    assert names(folder) == {"a.csv", "b.csv", "all.csv", "all (2).csv"}


def test_what_is_finished_goes_into_the_archive_with_its_results_and_nothing_else_does(
    settings: Settings, folder: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "done"
    archive.mkdir()
    (archive / "a.csv").write_text("another night's", encoding="utf-8")
    lay(folder, "a.csv", "P1,x,private")
    lay(folder, "b.csv", "INVALID,x,private")
    lay(folder, "c.csv")
    found = run(folder, replace(settings, archive=archive))
    assert [over.exit_status for over in found.files] == [0, 1, 2]
    assert names(folder) == {"c.csv"}
    assert names(archive) == {"a.csv", "a (2).csv", "a.results (2).xlsx", "b.csv", "b.results.xlsx"}
    assert (archive / "a.csv").read_text(encoding="utf-8") == "another night's"
    assert (archive / "a (2).csv").read_text(encoding="utf-8") == HEAD + "P1,x,private\n"
    first = found.files[0]
    assert first.report is not None
    assert (first.archived, first.report.results) == (archive / "a (2).csv", archive / "a.results (2).xlsx")
    assert first.report.remark is None


def test_a_file_that_changes_while_it_is_imported_is_not_archived(
    settings: Settings, folder: Path, tmp_path: Path
) -> None:
    """What somebody added to it would be lost."""
    (tmp_path / "done").mkdir()
    path = lay(folder, "a.csv", "P1,x,private")

    def add_a_row(_: object) -> bool:
        with path.open("a", encoding="utf-8") as file:
            file.write("P2,x,private\n")
        return True

    found = run(folder, replace(settings, archive=tmp_path / "done"), agree=add_a_row)
    assert (found.exit_status, found.files[0].archived) == (3, None)
    assert "was changed during the import, so it was not moved" in render(found.files[0].why)
    assert names(tmp_path / "done") == {"a.results.xlsx"}
    assert path.read_text(encoding="utf-8").count("private") == 2
    told = notifications.notification(found)
    for sentences in (told.body, " ".join(render(saying.text) for saying in report_messages.batch(found))):
        assert "a.csv was changed during the import, so it was not moved" in sentences


@pytest.fixture
def other_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """The archive is on another disk than the exports; and exports called so can't be moved or removed at all."""

    def arrange(kept: str) -> None:
        def guarded(move: Callable[..., Any]) -> Callable[..., Any]:
            def moved(path: Path, place: Path, **options: bool) -> Any:
                if Path(path).parent != Path(place).parent:
                    raise OSError(errno.EXDEV, "Invalid cross-device link")
                if Path(path) == tmp_path / "exports" / kept:
                    raise PermissionError(13, "Permission denied")
                return move(path, place, **options)

            return moved

        for owner, name in ((Path, "replace"), (Path, "rename"), (os, "link")):
            monkeypatch.setattr(owner, name, guarded(getattr(owner, name)))

    return arrange


@pytest.mark.parametrize(
    ("kept", "there", "here", "status"),
    [("", {"a.csv"}, set(), 0), ("a.csv", set(), {"a.csv"}, 1)],
)
def test_onto_another_disk_a_file_is_copied_and_what_cant_be_moved_stays_whole(
    imported: Imported, other_disk: Callable[[str], None], kept: str, there: set[str], here: set[str], status: int
) -> None:
    other_disk(kept)
    moved = imported.archive()
    assert ("by hand" in render(moved.why)) is (status > 0)
    assert (names(imported.done), names(imported.path.parent), moved.exit_status) == (there, here, status)
    assert all(path.stat().st_size for path in imported.done.iterdir())


def test_a_file_that_takes_the_place_of_what_was_imported_is_put_back(imported: Imported) -> None:
    path, folder, come = imported.path, imported.path.parent, ["new", "newer"]

    def export(old: object, *_: object) -> None:
        """Come before what is there is moved away, and before it is put back."""
        if come and (Path(str(old)) == path or len(come) < 2):
            (folder / "next").write_text(come.pop(0))
            (folder / "next").replace(path)

    with before(("os.rename", "os.link"), export):
        moved = imported.archive()
    assert "was changed during the import" in render(moved.why)
    assert moved.exit_status == 3
    assert names(imported.done) == set()
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a.csv": "newer", "a (2).csv": "new"}


@systems.links
def test_no_name_in_the_archive_is_taken_twice_and_no_link_there_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("theirs")
    (tmp_path / "a.results (2).xlsx").symlink_to(tmp_path / "missing")
    assert archiving.places(Path("a.csv"), "a.results.xlsx", tmp_path) == (
        tmp_path / "a (3).csv",
        tmp_path / "a.results (3).xlsx",
    )


@systems.links
def test_a_link_goes_to_the_archive_as_a_copy_of_what_it_names(imported: Imported, tmp_path: Path) -> None:
    original = imported.path.rename(tmp_path / "kept.csv")
    imported.path.symlink_to(original)
    assert imported.archive().place == imported.done / "a.csv"
    assert (names(imported.path.parent), names(imported.done)) == (set(), {"a.csv"})
    assert original.read_text() == (imported.done / "a.csv").read_text() == "imported"


def test_a_name_in_the_archive_that_is_taken_in_the_very_moment_is_left_alone(imported: Imported) -> None:
    taken, come = imported.done / "a.csv", ["theirs"]

    def take(*about: object) -> None:
        if come and taken in {Path(str(each)) for each in about}:
            taken.write_text(come.pop())

    with before(("os.rename", "os.link"), take):
        moved = imported.archive()
    assert moved == archiving.Archived(taken.with_name("a (2).csv"))
    assert (taken.read_text(), taken.with_name("a (2).csv").read_text()) == ("theirs", "imported")
    assert names(imported.path.parent) == set()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can make another's link")
def test_a_link_of_another_user_in_the_inbox_is_not_followed(box: Sandbox, settings: Settings, folder: Path) -> None:
    """It would import another sheet of ours, and write its rows into their folder."""
    lay(folder.parent, "ours.csv", "P1,secret,public")
    (folder / "a.csv").symlink_to(folder.parent / "ours.csv")
    os.chown(folder / "a.csv", 65_534, -1, follow_symlinks=False)
    found = run(folder, settings)
    assert found.exit_status == 2
    assert "another user made the link to this file" in render(found.files[0].why)
    assert box.notes == ()
    assert names(folder) == {"a.csv"}


def test_another_import_of_the_same_folder_is_waited_for_and_takes_nothing_from_this_one(
    box: Sandbox, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "done").mkdir()
    lay_each(folder, "a.csv", "b.csv")
    with ExitStack() as other:
        other.enter_context(held(settings))

        def observe(progress: Progress) -> None:
            if progress.trouble:
                assert render(progress.trouble).startswith("waiting for another import of this workspace: ")
                other.close()
                run(folder / "a.csv", settings)
                (folder / "b.csv").rename(tmp_path / "done" / "b.csv")

        found = run(folder, settings, observe=observe)
    assert [(over.fate, over.exit_status) for over in found.files] == [(FileResult.IMPORTED, 0), (FileResult.GONE, 0)]
    assert found.counts == {Result.ALREADY_IMPORTED: 1}
    assert len(box.notes) == 1


def test_a_file_that_another_import_took_after_it_was_read_here_is_gone_and_leaves_no_results(
    box: Sandbox, settings: Settings, folder: Path
) -> None:
    """Two copies of a night read it at once; the lock lets the second begin when the first has archived the file."""
    path = lay(folder, "a.csv", "P1,x,private")
    found = run(folder, settings, agree=lambda _: path.rename(folder.parent / "a.csv") is not None)
    assert [(over.fate, over.exit_status) for over in found.files] == [(FileResult.GONE, 0)]
    assert (names(folder), box.notes) == (set(), ())


def test_a_file_whose_notes_are_too_visible_or_wait_for_a_yes_is_not_archived_so_that_every_night_tells_of_them(
    settings: Settings, folder: Path, tmp_path: Path
) -> None:
    done = tmp_path / "done"
    done.mkdir()
    settings = replace(settings, archive=done)
    lay(folder, "a.csv", "P1,x,public")
    assert run(folder, settings).exit_status == 0
    lay(folder, "b.csv", "P1,x,private")
    for _ in range(2):
        found = run(folder, settings)
        assert (found.exit_status, found.files[0].archived, names(folder)) == (1, None, {"b.csv"})
        assert "still more visible" in render(found.files[0].why)
    assert run(folder, replace(settings, update=True)).exit_status == 0
    assert names(folder) == set()
    lay(folder, "c.csv", "P1,x,public")
    found = run(folder, replace(settings, update=True))
    assert (found.exit_status, found.files[0].archived, names(folder)) == (1, None, {"c.csv"})
    assert "a person has to agree" in render(found.files[0].why)
    assert "1 row waits for a person to agree" in notifications.notification(found).body


def test_only_what_a_person_saw_is_bound_to_stay_as_it_was(box: Sandbox, settings: Settings, folder: Path) -> None:
    """Where nobody was asked, what another import did meanwhile is left alone; where somebody was, nothing is sent."""
    sheet = lay(folder, "a.csv", "P1,x,private")

    def overtaken(_: object) -> bool:
        with prepare(sheet, settings) as prepared:
            prepared.send()
        return True

    assert run(sheet, settings, agree=overtaken).counts == {Result.ALREADY_IMPORTED: 1}
    lay(folder, "a.csv", "P2,x,private")
    found = run(sheet, settings, agree=overtaken, is_person=True)
    assert isinstance(found.files[0].error, Changed)
    assert len(box.notes) == 2
