"""Describe this installation for a request for help: versions, system, folders. Nothing is read or called."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from importer.journal import VERSION
from importer.messages import Message, say

_REQUIREMENT = re.compile(r"""([\w.-]+)[^;]*(?:;.*extra == ['"](\w+).*)?""")
_OF_DEVELOPERS = frozenset({"test", "dev", "bench"})


def lines() -> Iterator[Message]:
    """Yield the facts, one line each."""
    is_standalone = getattr(sys, "frozen", False)  # set by PyInstaller
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield say("about.own-python" if is_standalone else "about.python", version=python, program=sys.executable)
    yield say("about.system", system=platform.platform(), encoding=str(sys.stdout.encoding))
    yield say("about.installed", folder=str(Path(__file__).parents[1]))
    yield say("about.journal", schema=str(VERSION), sqlite=sqlite3.sqlite_version)
    versions = packages()
    installed = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    missing = ", ".join(name for name, version in versions.items() if not version)
    yield say("about.packages", packages=installed) if versions else say("about.packages-unknown")
    if missing:
        yield say("about.missing", packages=missing)


def packages() -> dict[str, str]:
    """Return the packages that the program and its extras ask for: name → version, empty if it isn't installed.

    There are none if the program runs from a folder of source code.
    """
    try:
        requirements = importlib.metadata.requires("note-importer") or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    found = [match for match in map(_REQUIREMENT.fullmatch, requirements) if match and match[2] not in _OF_DEVELOPERS]
    versions = {}
    for name in sorted({match[1] for match in found}, key=str.lower):
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = ""
    return versions
