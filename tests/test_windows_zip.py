"""What the zip for Windows is made of: pinned wheels, and a Python whose digest is known."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

CI = Path(__file__).parent.parent / ".ci"
OTHER_VERSION = {"numpy"}
"""Packages whose newest version doesn't run under wine."""


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that makes the zip."""
    spec = spec_from_loader("windows", SourceFileLoader("windows", str(CI / "windows")))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pinned(name: str) -> dict[str, str]:
    lines = re.findall(r"^([\w.-]+)==(\S+)", (CI / name).read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in lines}


def test_wheels_for_windows_are_of_the_versions_that_everything_is_tested_with() -> None:
    everywhere, there = pinned("constraints.txt"), pinned("windows-constraints.txt")
    differing = {name for name in everywhere.keys() & there.keys() if everywhere[name] != there[name]}
    assert differing == OTHER_VERSION
    assert {"pandas", "flask", "keyring", "tzdata", "pytest"} <= there.keys()


def test_every_wheel_has_its_digest() -> None:
    """Without one, pip would refuse it only once it is fetched."""
    lines = (CI / "windows-constraints.txt").read_text(encoding="utf-8").splitlines()
    wrong = [
        line for line in lines if "==" in line and line[0] != "#" and not re.search(r" --hash=sha256:\w{64}$", line)
    ]
    assert wrong == []


def package_of(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as package:
        for name in names:
            package.writestr(name, name)
    return content.getvalue()


def test_a_python_of_another_digest_or_version_is_refused(script: ModuleType, tmp_path: Path) -> None:
    """The wheels are made for one version; whatever else the archive is, it is not used."""
    archive = tmp_path / "python.zip"
    for name, is_right in (("python313.dll", True), ("python314.dll", False)):
        archive.write_bytes(package_of("python.exe", name, "LICENSE.txt"))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        with pytest.raises(script.Refused, match="has the digest"):
            script.given_python(str(archive), digest[::-1])
        if is_right:
            assert script.given_python(str(archive), digest.upper())["python.exe"] == b"python.exe"
        else:
            with pytest.raises(script.Refused, match=r"Python 3\.13"):
                script.given_python(str(archive), digest)
