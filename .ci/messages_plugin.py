"""A plugin of mypy: a message or an error of ours in an f-string, or in ``str()``, is an error of types.

A :class:`importer.messages.Message` has no text before a face renders it. mypy by itself lets anything into a string.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mypy.plugin import FunctionContext, MethodContext, Plugin
from mypy.types import Instance, Type, UnionType, get_proper_type

_MESSAGE, _ERROR = "importer.messages.Message", "importer.errors.ImporterError"


class Messages(Plugin):
    """Looks at what is formatted: mypy reads ``f"{x}"`` as ``"{}".format(x)``."""

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """Return the check for ``str.format`` and f-strings."""
        return _checked if fullname == "builtins.str.format" else None

    def get_function_hook(self, fullname: str) -> Callable[[FunctionContext], Type] | None:
        """Return the check for ``str()``."""
        return _checked if fullname == "builtins.str" else None


def _checked(context: MethodContext | FunctionContext) -> Type:
    is_ours = context.api.path.startswith("importer")
    names = [_MESSAGE, _ERROR] if is_ours else [_MESSAGE]  # a test may ask for the plain text of an error
    if any(_is_one_of(names, found) for given in context.arg_types for found in given):
        context.api.fail("A message has to be rendered before it can stand in a text", context.context)
    return context.default_return_type


def _is_one_of(names: Sequence[str], found: Type) -> bool:
    found = get_proper_type(found)
    if isinstance(found, UnionType):
        return any(_is_one_of(names, item) for item in found.items)
    return isinstance(found, Instance) and any(found.type.has_base(name) for name in names)


def plugin(_: str) -> type[Plugin]:
    """Return the plugin, whatever the version of mypy."""
    return Messages
