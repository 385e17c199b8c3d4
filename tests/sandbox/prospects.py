"""List and search the prospects of an account that have an email address.

Input: IDs with their emails. Output: pages of prospects. A search matches names, too: a client compares the results.
"""

import hashlib
import itertools
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.sandbox.calls import Call, Document, ServiceReply, invalid, number
from tests.sandbox.clock import iso_text

PAGE_SIZES = (10, 20, 50, 100)
PARAMETERS = ("search", "pageSize", "page", "sort", "sortBy", "includeCustomFields")
_CHOICES = {"sort": ("ASC", "DESC"), "sortBy": ("createdAt", "owner"), "includeCustomFields": ("true", "false")}
NOBODY = ("nobody", "unknown", "invalid")
"""Beginnings of emails for which even ``any_email`` finds no prospect."""

_SIGNS = string.ascii_letters + string.digits
_SHAPE = re.compile(r"(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9]{8,10}")
_ONE_OF_MANY = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9]{8,10}")
_FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ivo", "Jo", "Kim", "Lea", "Max", "Nora", "Otto")
_LAST = ("Adams", "Berg", "Costa", "Dubois", "Evans", "Fischer", "Garcia", "Hansen", "Ito", "Jansen", "Kaya", "Lopez")


@dataclass(frozen=True, slots=True)
class Prospect:
    """A prospect with an email; its names are taken from the part before the @."""

    id: str
    email: str
    created_at: datetime

    @property
    def first_name(self) -> str:
        return self._names[0].capitalize()

    @property
    def last_name(self) -> str:
        return self._names[2].capitalize()

    @property
    def _names(self) -> tuple[str, str, str]:
        return self.email.partition("@")[0].partition(".")

    @property
    def searched(self) -> str:
        return f"{self.first_name}\n{self.last_name}\n{self.email}".lower()

    def shown(self) -> Document:
        names = (("lPYGOLkyzV", "First Name", self.first_name), ("qW8eRtYuIo", "Last Name", self.last_name))
        return {
            "id": self.id,
            "createdAt": iso_text(self.created_at),
            "email": self.email or None,
            "verificationStatus": "valid",
            "attributes": [{"id": key, "key": name, "value": value} for key, name, value in names if value],
        }


def invented(count: int) -> dict[str, str]:
    """Return ``count`` IDs with emails, the same every time."""
    names = itertools.cycle(itertools.product(_FIRST, _LAST))
    emails = (f"{first}.{last}{place}@example.com".lower() for place, (first, last) in enumerate(names, 1))
    return {id_of(email): email for email in itertools.islice(emails, count)}


def id_of(email: str) -> str:
    """Return an ID of ten letters and digits in mixed case, the same for the same email."""
    digest = hashlib.sha256(email.lower().encode()).digest()
    return f"pQ{''.join(_SIGNS[byte % len(_SIGNS)] for byte in digest[:8])}"


def looks_like_id(text: str, *, among_ids: bool = False) -> bool:
    """Return whether a text has the shape of the vendor's IDs: 8 to 10 letters and digits in mixed case.

    Some random IDs have letters of one case only; these are accepted only ``among_ids``.
    """
    return (_ONE_OF_MANY if among_ids else _SHAPE).fullmatch(text) is not None


class Directory:
    """The prospects that can be listed and searched: ID → email, the oldest first; see :class:`ServiceRules`."""

    def __init__(self, emails: Mapping[str, str], opened: datetime, *, lists: bool, any_email: bool) -> None:
        self._lists, self._any_email, self._opened = lists, any_email, opened
        last = len(emails)
        self._all = [
            Prospect(prospect, email, opened - timedelta(seconds=last - place))
            for place, (prospect, email) in enumerate(emails.items(), 1)
        ]
        self._searched = [prospect.searched for prospect in self._all]

    def page(self, call: Call, moves: int = 0) -> ServiceReply:
        """Return a page of the prospects; from page to page, ``moves`` prospects vanish from the earlier ones."""
        query = call.query
        for name, values in _CHOICES.items():
            if query.get(name, values[0]) not in values:
                raise invalid(f"{name} must be a {' or '.join(values)} value")
        size, page = min(number(query, "pageSize", 100), PAGE_SIZES[-1]), number(query, "page", 1)
        if size not in PAGE_SIZES or page < 1:
            raise invalid("pageSize must be a 10, 20, 50 or 100 value, and page a positive value")
        search = query.get("search", "").lower()
        if not search and not self._lists:
            raise invalid("search must be a string value")
        first = (page - 1) * (size + (0 if search else moves))
        prospects = list(self._found(search)) if search else self._all
        if query.get("sort") == "DESC":
            prospects = prospects[::-1]
        return ServiceReply(200, {"payload": [prospect.shown() for prospect in prospects[first : first + size]]})

    def _found(self, wanted: str) -> Iterator[Prospect]:
        matches = (prospect for prospect, text in zip(self._all, self._searched, strict=True) if wanted in text)
        first = next(matches, None)
        if first is not None:
            yield first
            yield from matches
        elif self._any_email and "@" in wanted and not wanted.startswith(NOBODY):
            yield Prospect(id_of(wanted), wanted, self._opened)
