"""The vendor's reference: examples of replies, and the listed refusals, each with the date on which it was read.

A text ``…`` stands for one that the reference leaves out. Only what the reference says is here; statuses of successes
are those that other calls document.
"""

import json
from pathlib import Path
from typing import Any


def page(name: str) -> Any:
    return json.loads((Path(__file__).with_name(f"{name}.json")).read_text(encoding="utf-8"))


REFUSALS: list[dict[str, Any]] = page("refusals")["refusals"]
"""The listed refusals: call, status, code and message."""
