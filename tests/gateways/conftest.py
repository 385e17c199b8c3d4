"""Tests with a real gateway are slow."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are slow: each starts a program, and what it is told to wait is waited."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
