"""Which licences, packages and archives `make release` refuses."""

import contextlib
import hashlib
import re
import runpy
import zipfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LICENCES = runpy.run_path(str(ROOT / ".ci" / "licences"))


def test_a_licence_or_a_library_that_nobody_looked_at_stops_it(tmp_path: Path) -> None:
    def judged(name: str, licence: str) -> Any:
        return LICENCES["judged"](LICENCES["Part"](name, "1", licence, {}))

    for licence in ("GPL-3.0-only", "", "MIT AND LGPL-2.1"):
        with pytest.raises(LICENCES["Missing"]):
            judged("new", licence)
    assert judged("psycopg", "LGPL-3.0-only").startswith("LGPL-3.0: ")
    assert judged("new", "BSD-3-Clause AND Apache-2.0") is None
    (tmp_path / "libreadline.so.8").touch()
    with pytest.raises(LICENCES["Missing"], match=r"libreadline.so.8: nobody has looked"):
        list(LICENCES["libraries"](tmp_path))


def test_a_package_without_the_text_of_its_licence_stops_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (information := tmp_path / "packages" / "x-1.dist-info").mkdir(parents=True)
    (information / "METADATA").write_text("Name: x\nVersion: 1\nLicense-Expression: MIT\n", encoding="utf-8")
    assert LICENCES["main"](str(tmp_path), str(tmp_path / "all.txt")) == 1
    assert "x: no licence text" in capsys.readouterr().err


def scripted(name: str) -> ModuleType:
    loader = SourceFileLoader(name, str(ROOT / ".ci" / name))
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def pinned(name: str) -> dict[str, tuple[str, int]]:
    text = (ROOT / ".ci" / name).read_text(encoding="utf-8")
    found = re.findall(r"^([\w.-]+)==([^\s;]+)((?:.*\\\n)*.*)", text, re.MULTILINE)
    return {
        re.sub(r"[-_.]+", "-", name).lower(): (version, more.count("--hash=sha256:")) for name, version, more in found
    }


@pytest.mark.parametrize("system", ["linux", "release", "windows"])
def test_what_a_release_is_made_of_has_the_tested_versions_and_a_digest_each(system: str) -> None:
    """The newest numpy doesn't run under wine. Without a digest, pip would refuse a wheel only once it is fetched."""
    tested, here = pinned("constraints.txt"), pinned(f"{system}-constraints.txt")
    other = {package for package in here.keys() & tested.keys() if here[package][0] != tested[package][0]}
    assert other == ({"numpy"} if system == "windows" else set())
    assert {"pandas", "flask", "keyring", "tzdata"} <= here.keys() or system != "windows"
    of_other_systems = {"colorama", "macholib", "pefile", "pywin32-ctypes"}
    assert system == "windows" or here.keys() - tested.keys() <= of_other_systems
    assert all(digests for _, digests in here.values())


def test_a_python_of_another_digest_or_version_is_refused(tmp_path: Path) -> None:
    script, archive = scripted("windows"), tmp_path / "python.zip"
    for name, is_right in (("python313.dll", True), ("python314.dll", False)):
        with zipfile.ZipFile(archive, "w") as package:
            for part in ("python.exe", name, "LICENSE.txt"):
                package.writestr(part, part)
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        with pytest.raises(script.Refused, match="has the digest"):
            script.given_python(str(archive), digest[::-1])
        if is_right:
            assert script.given_python(str(archive), digest.upper())["python.exe"] == b"python.exe"
        else:
            with pytest.raises(script.Refused, match=r"Python 3\.13"):
                script.given_python(str(archive), digest)


@pytest.mark.parametrize("name", ["linux", "release"])
def test_whoever_adds_a_file_to_a_version_in_the_package_index_gets_nothing_into_a_release(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each installation demands the digests; only our own wheel, which was just built, needs none."""
    script = scripted(name)
    ran: list[list[str]] = []
    monkeypatch.setattr(script, "ran", lambda *words, **_: ran.append([*map(str, words)]))
    wheel = tmp_path / "note_importer-1-py3-none-any.whl"
    with contextlib.suppress(OSError, ValueError, zipfile.BadZipFile):  # nothing was built
        if name == "linux":
            script.standalone(wheel, tmp_path)
        else:
            monkeypatch.setattr(script, "TOOLS", tmp_path)
            monkeypatch.setattr(script.venv, "create", lambda *_, **__: None)
            monkeypatch.setattr(script, "said", lambda *_, **__: "1")
            monkeypatch.setattr(script, "DIST", tmp_path / "dist")
            script.packages(tmp_path)
    installed = [words for words in ran if "pip" in words]
    assert installed
    for words in installed:
        assert "--no-deps" in words
        assert "--require-hashes" in words or words[-1] == str(wheel)
        assert words[-1] in {str(wheel), str(ROOT / ".ci" / f"{name}-constraints.txt")}
