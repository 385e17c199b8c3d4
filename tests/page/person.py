"""Somebody who uses the page without a script: looks at screens and submits their forms, in this process or by HTTP."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from flask.testing import FlaskClient
from lxml import html
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

HOST = "127.0.0.1:8765"
OURS = f"http://{HOST}"
HOME = "/secret-of-this-session"
FROM_HERE: dict[str, Any] = {"headers": {"Origin": OURS}}
Files = Sequence[tuple[str, tuple[str, bytes]]]


class Friend(FlaskClient):
    """A client that asks from the page itself, below the secret path unless the address opens the page."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if isinstance(args[0], str):
            path = args[0]
            args = (path if "/start/" in path or path.startswith(f"{HOME}/") else f"{HOME}{path}", *args[1:])
            kwargs = {"base_url": OURS, **({} if kwargs.get("method") == "GET" else FROM_HERE), **kwargs}
        return super().open(*args, **kwargs)


@dataclass(frozen=True)
class Answer:
    """What came in the end, and from which address."""

    status: int = 0
    content: bytes = b""
    address: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.content.decode()


class Person:
    """A tab of the page, and the file that was dropped in it last; ``file`` is the address of its screen."""

    def __init__(self, ask: Callable[..., Answer], patience: float = 60.0) -> None:
        self._ask, self._patience = ask, patience
        self.answer, self.file = Answer(), ""

    @property
    def html(self) -> str:
        return unescape(self.answer.text)

    @property
    def fields(self) -> dict[str, Any]:
        """What the forms of the last screen hand over without a choice."""
        return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.answer.text))

    @property
    def ticks(self) -> dict[str, Any]:
        return dict(re.findall(r'<input type="checkbox" name="([^"]+)" value="([^"]*)"', self.answer.text))

    def gets(self, address: str = "") -> Answer:
        """Whatever is at an address, or at one below that of the file."""
        return self._ask("GET", self._whole(address))

    def sees(self, address: str = "") -> str:
        """A screen, once nothing is read or sent any more."""
        until = time.monotonic() + self._patience
        while time.monotonic() < until:
            self.answer = self.gets(address)
            if "data-poll" not in self.answer.text:
                return self.html
            time.sleep(0.05)
        raise AssertionError(f"{address or self.file} isn't ready")

    def presses(self, address: str, *, files: Files = (), **fields: Any) -> Answer:
        """Submit a form of the last screen with these fields, and stay where one is."""
        given = self.fields | {name.replace("_", "-"): value for name, value in fields.items()}
        return self._ask("POST", self._whole(address), given, files)

    def posts(self, address: str, *, status: int = 200, files: Files = (), **fields: Any) -> str:
        """Submit a form of the last screen with these fields, and see the screen that follows."""
        self.answer = self.presses(address, files=files, **fields)
        assert self.answer.status == status, self.answer.text
        return self.sees(self.answer.address) if "data-poll" in self.answer.text else self.html

    def drops(self, path: Path, name: str = "") -> str:
        """Hand a file over, and see what is said of it."""
        self.posts("/file", files=[("file", (name or path.name, path.read_bytes()))])
        self.file = self.answer.address.partition("?")[0]
        return self.html

    def begins(self) -> str:
        """Press the button on the screen that asks, with every box ticked; return the address of what follows."""
        self.sees("confirm")
        self.answer = self.presses("send", **self.ticks)
        assert self.answer.status == 200, self.answer.text
        return self.answer.address

    def sends(self) -> str:
        return self.sees(self.begins())

    def _whole(self, address: str) -> str:
        return address if address.startswith("/") else f"{self.file}/{address}".rstrip("/")


def inside(client: FlaskClient) -> Person:
    """Somebody whose browser is a client of the page without a server."""

    def ask(method: str, address: str, fields: Mapping[str, Any] = {}, files: Files = ()) -> Answer:
        data = MultiDict({**fields} if method == "POST" else {})
        for part, (name, content) in files:
            data.add(part, (BytesIO(content), name))
        sent: Any = {"method": method, "data": data, "follow_redirects": True}
        answer: TestResponse = client.open(address, **sent)
        with answer:
            place = answer.request.full_path.removesuffix("?")
            return Answer(answer.status_code, answer.data, place, answer.headers)  # type: ignore[arg-type]

    return Person(ask)


@contextmanager
def visiting(address: str, patience: float = 60.0) -> Iterator[Person]:
    """Somebody who opens the page of a server at its address."""
    origin = address.partition("/start/")[0]
    with requests.Session() as session:
        session.trust_env = False
        opened = session.get(address, timeout=60).text
        found = re.search(r'url=(/\S+)/"', opened)
        assert found, opened
        home = found[1]

        def ask(method: str, place: str, fields: Mapping[str, Any] = {}, files: Files = ()) -> Answer:
            url = f"{origin}{place if place.startswith(home) else home + place}"
            sent: Any = {"data": fields, "files": files} if method == "POST" else {}
            answer = session.request(method, url, headers={"Origin": origin}, timeout=60, **sent)
            place = answer.url.removeprefix(origin)
            return Answer(answer.status_code, answer.content, place, answer.headers)

        yield Person(ask, patience)


class Form:
    """The drop-downs of the Check screen by their labels, and the texts of its tables' rows, without options.

    Each label leads to the name, value and text of the chosen option, and to the values of all options by their texts.
    """

    def __init__(self, person: Person) -> None:
        self._person = person
        main = html.fromstring(person.answer.text).find(".//main")
        self.chosen: dict[str, tuple[str, str, str]] = {}
        self.options: dict[str, dict[str, str]] = {}
        for select in main.iter("select"):
            label, name = select.get("aria-label") or select.get("id"), select.get("name") or ""
            options = {option.text_content().strip(): option for option in select.iter("option")}
            self.options[label] = {text: option.get("value") for text, option in options.items()}
            for text, option in options.items():
                if option.get("selected") is not None:
                    self.chosen[label] = (name, option.get("value"), text)
        for option in [*main.iter("option")]:
            option.drop_tree()
        self.rows = [" ".join(row.text_content().split()) for row in main.iter("tr")]

    def row(self, start: str) -> str:
        (row,) = [row for row in self.rows if row.startswith(start)]
        return row

    def chooses(self, changes: Mapping[str, str] = {}, **more: Any) -> "Form":
        """Submit it with other options chosen in some drop-downs, and see the screen that follows."""
        fields: dict[str, Any] = {
            name: self.options[label][changes[label]] if label in changes else value
            for label, (name, value, _) in self.chosen.items()
            if name
        }
        self._person.posts("choose", **fields, **more)
        return Form(self._person)
