"""The packed folder that has a Python of its own, where there is nothing but a C library and zlib."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest

from importer import __version__
from importer.settings.secrets import ADDRESSES_VARIABLE, KEY_VARIABLE
from tests import stores
from tests.listening import http_ear
from tests.page.person import visiting
from tests.reading import making
from tests.sandbox import Sandbox
from tests.stores import ACCOUNT

ARCHIVE = os.environ.get("STANDALONE", "")
HEAD = "Prospect ID,Note,Visibility\n"
SOMEONE = 1000
LIBRARIES = Path("lib", "x86_64-linux-gnu")
C_LIBRARY = [f"lib{name}" for name in "c.so.6 m.so.6 dl.so.2 pthread.so.0 rt.so.1 util.so.1 resolv.so.2".split()]
ZLIB = "libz.so.1"  # the starter unpacks itself with it; no Debian is without
ENTER = 'mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && exec chroot --userspec=1000:1000 "$@"'

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ARCHIVE, reason="STANDALONE names no archive: `make release` makes it"),
    pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can change the root folder"),
]


@dataclass
class Bare:
    """A root folder without anything, and the path of the program in it."""

    root: Path
    program: str

    @property
    def home(self) -> Path:
        return self.root / "home"

    def command(self, *arguments: str) -> list[str]:
        return ["unshare", "--mount", "--", "sh", "-c", ENTER, "sh", str(self.root), self.program, *arguments]

    def environment(self, **more: str) -> dict[str, str]:
        return {"HOME": "/home", "PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}

    def __call__(self, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            self.command(*arguments), env=self.environment(**environment), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return " ".join(done.stdout.split())

    def file(self, name: str, content: str | bytes) -> str:
        """Put a file into the person's folder; its path, as seen from there."""
        path = self.home / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.chown(path, SOMEONE, SOMEONE)
        return f"/home/{name}"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    root = tmp_path_factory.mktemp("root")
    root.chmod(0o755)
    for folder in ("dev", "proc", "lib64", LIBRARIES, "tmp", "home", "opt", "etc"):
        (root / folder).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    os.chown(root / "home", SOMEONE, SOMEONE)
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    shutil.copy("/lib64/ld-linux-x86-64.so.2", root / "lib64")
    for name in (*C_LIBRARY, ZLIB):
        shutil.copy("/" / LIBRARIES / name, root / LIBRARIES)
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(root / "opt", filter="tar")
    (folder,) = (root / "opt").iterdir()
    yield Bare(root, f"/opt/{folder.name}/note-importer")
    shutil.rmtree(root)


def test_all_of_it_is_there(bare: Bare) -> None:
    assert f"note-importer, version {__version__}" in bare("--version")
    command, environment = bare.command("doctor", "--json"), bare.environment()
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False).stdout
    versions = json.loads(told)["versions"]
    assert all(versions[name] for name in ("apprise", "flask", "keyring", "psycopg", "s3fs")), versions
    folder = (bare.root / bare.program[1:]).parent
    assert "psycopg: LGPL-3.0" in (folder / "THIRD-PARTY.txt").read_text(encoding="utf-8")
    assert [path.name for path in folder.rglob("*") if "readline" in path.name or "gdbm" in path.name] == []


def test_the_first_note_is_practised_and_then_delivered_once(bare: Bare, box: Sandbox) -> None:
    sheet = bare.file("first.csv", f"{HEAD}8PvBmrB7P7,Called back,Private\n")
    assert "the import would create the note" in bare("run", sheet, "--practice")
    assert (bare.home / "first.practice.xlsx").exists()
    assert not box.received
    to = ("--base-url", box.url, "--settle", "0")
    for result in ("created", "already imported"):
        assert result in bare("run", sheet, *to, "--yes", **{KEY_VARIABLE: box.api_key})
    assert [note.prospect_id for note in box.notes] == ["8PvBmrB7P7"]
    assert (bare.home / "first.results.xlsx").exists()


def test_every_type_of_spreadsheet_is_read(bare: Bare) -> None:
    cells = ("8PvBmrB7P7", "Called back", "Private")
    workbook = io.BytesIO()
    book = openpyxl.Workbook()
    for row in (making.HEADER, cells):
        book.worksheets[0].append(row)
    book.save(workbook)
    files = {
        "sheet.csv": f"{HEAD}{','.join(cells)}\n".encode(),
        "sheet.xlsx": workbook.getvalue(),
        "sheet.ods": making.ods(f"<table:table-row>{''.join(map(making.ods_text, cells))}</table:table-row>"),
        "sheet.xls": making.xls(b"".join(making.label(1, column, cell) for column, cell in enumerate(cells))),
    }
    for name, content in files.items():
        assert "1 note" in bare("check", bare.file(name, content)), name


def test_the_page_practises_with_a_sample(bare: Bare) -> None:
    command = bare.command("page", "--no-browser")
    with subprocess.Popen(command, env=bare.environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = next(line.strip() for line in process.stdout if "/start/" in line)
        try:
            with visiting(address) as person:
                assert "1-webinar-followup.csv" in person.sees("/")
                person.posts("/sample", sample="1-webinar-followup.csv")
                assert "Download results" in person.posts(f"{person.answer.address}/practise")
        finally:
            process.terminate()
            process.wait(60)


def test_the_extras_work(bare: Bare, box: Sandbox, url: str) -> None:
    with stores.serving() as store, http_ear() as ear:
        store.begin()
        place = store.put("inbox/first.csv", f"{HEAD}P1,Called back,Private\n")
        text = bare(
            *("run", place, "--yes", "--base-url", box.url, "--journal", url, "--settle", "0"),
            **ACCOUNT,
            **{
                "AWS_ENDPOINT_URL": store.url,
                KEY_VARIABLE: box.api_key,
                ADDRESSES_VARIABLE: f"always+json://{ear.place}/",
            },
        )
        assert "created" in text
        assert store.names("inbox") == ["first.csv", "first.results.xlsx"]
        assert [(call.method, call.json["type"]) for call in ear.calls] == [("POST", "success")]
    assert [note.prospect_id for note in box.notes] == ["P1"]


def test_a_browser_is_not_given_the_libraries_of_the_folder(bare: Bare, tmp_path: Path) -> None:
    """They would break it; so the page opens it with the environment that a person has."""
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\nenv >"$0.said.new" && mv "$0.said.new" "$0.said"\n')
    browser.chmod(0o755)
    environment = {**os.environ, "HOME": str(tmp_path), "BROWSER": str(browser)}
    program = str(bare.root / bare.program[1:])
    with subprocess.Popen([program, "page"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        said = tmp_path / "browser.said"
        for _ in range(600):
            if said.exists():
                break
            time.sleep(0.05)
        process.terminate()
        process.wait(60)
    assert "LD_LIBRARY_PATH" not in said.read_text()
