"""Generate the parts of docs/output.schema.json that describe facts: their fields are the document, so is their text.

``python -m tests.output_schema`` writes the definitions of plan, run and file anew, from their dataclasses.
"""

import dataclasses
import inspect
import json
import re
import types
import typing
from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from importer import errors, messages, models, results, settings
from importer.delivery import changes
from importer.importing import batch, hours, loading, preview, report, workspaces
from importer.rows import emails
from importer.settings import reading

FILE = Path(__file__).parent.parent / "docs" / "output.schema.json"
TOP = {"plan": preview.Preview, "report": report.Report, "file": batch.FileEnded}
_NAMES = {
    name: value
    for module in (errors, messages, models, results, settings, changes, hours, loading, preview, report, workspaces,
                   emails, reading)
    for name, value in vars(module).items()
}  # fmt: skip
_TIMES = {"started_at", "ended_at"}
_TEXTS = (messages.Message, reading.Reading)  # dataclasses that are told as text


def generated(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with its definitions of facts made anew."""
    made: dict[str, Any] = {}
    for name, of in TOP.items():
        made[name] = _definition(of, made)
    kept = {name: value for name, value in schema["$defs"].items() if "x-of" not in value and name not in made}
    return {**schema, "$defs": {**kept, **made}}


def _definition(of: Any, made: dict[str, Any]) -> dict[str, Any]:
    hints, about = typing.get_type_hints(of, localns=_NAMES), _descriptions(of)
    fields = [field.name for field in dataclasses.fields(of) if field.repr]
    return {
        "x-of": of.__name__,
        "description": (of.__doc__ or "").partition("\n")[0],
        "type": "object",
        "required": fields,
        "properties": {
            name: ({"description": about[name]} if name in about else {}) | _field(name, hints[name], made)
            for name in fields
        },
        "additionalProperties": False,
    }


def _field(name: str, hint: Any, made: dict[str, Any]) -> dict[str, Any]:
    return {"$ref": "#/$defs/time"} if name in _TIMES else _schema(hint, made)


def _schema(hint: Any, made: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        schemas = [*dict.fromkeys(json.dumps(_schema(one, made)) for one in arguments if one is not type(None))]
        found = [*map(json.loads, schemas), *([{"type": "null"}] if type(None) in arguments else [])]
        return found[0] if len(found) == 1 else {"anyOf": found}
    if origin is not None and issubclass(origin, Mapping):
        key, value = arguments
        names = {"propertyNames": _schema(key, made)} if issubclass(key, Enum) else {}
        return {"type": "object", **names, "additionalProperties": _schema(value, made)}
    if origin is tuple and Ellipsis not in arguments:
        return {"type": "array", "prefixItems": [_schema(one, made) for one in arguments], "minItems": len(arguments)}
    if origin is not None and issubclass(origin, Collection):
        return {"type": "array", "items": _schema(arguments[0], made)}
    return _simple(hint, made)


def _simple(hint: Any, made: dict[str, Any]) -> dict[str, Any]:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number")):
        if hint is kind:
            return {"type": name}
    if issubclass(hint, Enum):
        names = issubclass(hint, (models.Visibility, models.Status))
        return {"enum": [member.name.lower() if names else member.value for member in hint]}
    if issubclass(hint, errors.ImporterError):
        return {"$ref": "#/$defs/error"}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and not issubclass(hint, _TEXTS):
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", hint.__name__).lower()
        name = next((top for top, of in TOP.items() if of is hint), name)
        if name not in made and name not in TOP:
            made[name] = {}
            made[name] = _definition(hint, made)
        return {"$ref": f"#/$defs/{name}"}
    return {"type": "string"}


def _descriptions(of: Any) -> dict[str, str]:
    """Return the description of each attribute in a class's docstring."""
    _, _, text = (inspect.getdoc(of) or "").partition("Attributes:")  # without indentation, which Python 3.13 strips
    found: dict[str, str] = {}
    for entry in re.split(r"\n {4}(?=[\w, ]+: )", text)[1:]:
        for part in re.split(r"; (?=``\w+``: )", " ".join(entry.split())):
            names, _, about = part.partition(": ")
            about = re.sub(r":\w+:`|`", "", about)
            found |= dict.fromkeys(names.strip("`").split(", "), about[:1].upper() + about[1:])
    return found


def main() -> None:
    schema = json.loads(FILE.read_text(encoding="utf-8"))
    FILE.write_text(json.dumps(generated(schema), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
