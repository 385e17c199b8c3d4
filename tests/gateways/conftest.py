"""What tests with a real gateway need: the gateway. Where it is missing they say how to get it, and in CI they fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.gateways import nginx

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them are slow: each starts a program, and what it is told to wait is waited."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _gateway_is_here() -> None:
    if nginx.IS_HERE:
        return
    if os.environ.get("CI"):
        pytest.fail(nginx.HOW_TO_GET_IT)
    pytest.skip(nginx.HOW_TO_GET_IT)
