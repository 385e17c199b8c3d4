"""The zip for Windows, as a person uses it under wine: unpack it, start it, import, and unpack a newer one over it."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.sandbox import Sandbox
from tests.truth import Line, write_sheet
from tests.windows.conftest import KEY, ROOT, Wait, Windows, as_windows, page_of

OLDER, NEWER = "0.0.1", "0.0.2"


@pytest.fixture(scope="module")
def zips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The zips of two versions; the older one has a module that the newer one lacks."""
    folder = tmp_path_factory.mktemp("zips")
    source = folder / "source"
    made = {}
    for version in (OLDER, NEWER):
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(ROOT / "importer", source / "importer", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "samples", source / "samples")
        for name in ("LICENSE", "README.md", "pyproject.toml"):
            shutil.copyfile(ROOT / name, source / name)
        for name in ("pyproject.toml", "importer/version.py"):
            text = (source / name).read_text(encoding="utf-8")
            (source / name).write_text(re.sub(r'(version(__)? = )"[^"]+"', rf'\1"{version}"', text), encoding="utf-8")
        if version == OLDER:
            (source / "importer" / "only_here.py").touch()
        wheels = folder / version
        run("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, source)
        [wheel] = wheels.glob("*.whl")
        run(ROOT / ".ci" / "windows", "zip", wheel, folder)
        made[version] = folder / f"note-importer-{version}-windows.zip"
    return made


def run(*words: object) -> None:
    subprocess.run([sys.executable, *map(str, words)], check=True, timeout=600)


def test_unpacked_it_imports_and_a_newer_one_goes_on(windows: Windows, tmp_path: Path, zips: dict[str, Path]) -> None:
    """In a folder with a blank and an umlaut. The journal is the user's, and no module of the older version is left."""
    place = tmp_path / "Meine Programme für Büro"
    place.mkdir()
    windows.drive("d", tmp_path)
    lines = [Line(f"P{row}", f"Row {row} für Köln") for row in range(5)]
    write_sheet(tmp_path / "n.csv", lines)

    def ended(*words: object) -> str:
        start = rf"D:\{place.name}\note-importer\note-importer.cmd"
        said, status = windows.ended(windows.start(*words, by=("cmd", "/c", start)))
        assert status == 0, said
        return said

    with Sandbox(api_key=KEY) as box:
        for version, becomes in ((OLDER, "created"), (NEWER, "already imported")):
            with zipfile.ZipFile(zips[version]) as package:
                package.extractall(place)
            assert ended("--version") == f"note-importer, version {version}"
            assert f"5 {becomes}" in ended("run", r"D:\n.csv", "--yes", "--base-url", box.url)
            assert {note.prospect_id for note in box.notes} == {line.prospect for line in lines}
            assert len(box.notes) == len(lines)
    said = ended("schedule", "D:\\n.csv", "--between", "02:00-06:00")
    task = ElementTree.fromstring(said[said.index("<Task") : said.index("</Task>") + len("</Task>")])
    [command, arguments] = (task.findtext(f".//{{*}}{name}") for name in ("Command", "Arguments"))
    assert command == rf"D:\{place.name}\note-importer\python\python.exe"
    assert str(arguments).startswith("-P -m importer run --profile default --between 02:00-06:00 ")
    python = place / "note-importer" / "python" / "python.exe"
    found = (
        "import importlib.util, importer.practice as practice;"
        "print(importlib.util.find_spec('importer.only_here'), [*practice.SAMPLES.glob('1-*.csv')] != [])"
    )
    said, status = windows.ended(windows.start("-c", found, by=(python,)))
    assert status == 0, said
    assert said == "None True"


def test_a_double_click_starts_the_page(windows: Windows, tmp_path: Path, zips: dict[str, Path], wait: Wait) -> None:
    """There is no browser under wine, so it shows the address. The licence of each package is beside it."""
    with zipfile.ZipFile(zips[NEWER]) as package:
        package.extractall(tmp_path)
    folder = tmp_path / "note-importer"
    with Sandbox(api_key=KEY) as box:
        start = ("cmd", "/c", as_windows(folder / "note-importer page.cmd"))
        with page_of(windows.start(by=start, variables={"NOTE_IMPORTER_BASE_URL": box.url}), wait) as person:
            assert box.url in person.sees("/")
    listed = (folder / "THIRD-PARTY.txt").read_text(encoding="utf-8").lower()
    for path in folder.glob("packages-*/*.dist-info"):
        name, version = path.name.lower().removesuffix(".dist-info").split("-")
        assert name == "note_importer" or re.search(
            rf"^{name.replace('_', '[-_.]')} {version} +\S", listed, re.MULTILINE
        )
    assert "- tqdm: mpl-2.0" in listed
    assert "- vcruntime140: microsoft's" in listed
