"""Calls to a stand-in, as its tests make them."""

from typing import Any

import requests

from tests.sandbox import Fault, Sandbox

KEY = {"x-api-key": "sandbox-key"}
BODY: dict[str, Any] = {"content": "hello", "visibility": "1", "prospectIds": ["a"]}


class Time:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_776_769_027.25  # 2026-04-21 10:57:07.250 UTC

    def __call__(self) -> float:
        return self.now


def struck(*texts: str, **options: Any) -> Sandbox:
    return Sandbox(faults=[Fault.parse(text) for text in texts], **options)


def call(box: Sandbox, method: str, path: str, **options: Any) -> requests.Response:
    sent: dict[str, Any] = {"headers": KEY, "timeout": 10, "allow_redirects": False, **options}
    return requests.request(method, f"{box.url}{path}", **sent)


def post(box: Sandbox, **changes: object) -> requests.Response:
    return call(box, "POST", "/notes", json=BODY | changes)


def look(box: Sandbox, prospect: str = "a") -> requests.Response:
    return call(box, "GET", f"/prospects/{prospect}/notes")
