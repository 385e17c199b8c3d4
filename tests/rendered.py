"""Values that hold messages, compared by what is read in the end."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from importer.messages import Message, render, words
from importer.models import Problem, Question

T = TypeVar("T")


def rendered(value: T) -> T:
    """Return a value in which each message has become the words that a person reads."""
    found: Any = value
    if isinstance(value, Message):
        found = words(render(value))
    elif isinstance(value, list | tuple):
        found = type(value)(rendered(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        found = replace(value, **{field.name: rendered(getattr(value, field.name)) for field in fields(value)})
    return found  # type: ignore[no-any-return]


def told(problem: Problem) -> str:
    return f"{render(problem.cell)}: {render(problem.text)}"


def answers_of(question: Question) -> dict[str, list[str]]:
    """Settings that answer a question → their possible values."""
    values: dict[str, list[str]] = {}
    for choice in question.choices:
        values.setdefault(choice.setting, []).append(choice.value)
    return values
