"""Messages are values, and each kind has its text in :mod:`importer.texts`."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

import importer
from importer.fields import FIELDS, WORDED
from importer.messages import PROGRAM, Message, headline, render, say, some, words
from importer.models import Role
from importer.page.rendering import PAGE
from importer.resultsfile import COLUMNS
from importer.settings import SETTINGS
from importer.settings.profiles import InProfile
from importer.texts import TEXTS
from tests.house import tree as parsed

ROOT = Path(importer.__file__).parent

FORMS: dict[str, list[str]] = {}
"""Kind → each of its texts, of whichever face and number."""
for _key, _text in TEXTS.items():
    FORMS.setdefault(_key.partition("@")[0], []).extend([_text] if isinstance(_text, str) else _text)
PLURAL = {key.partition("@")[0] for key, text in TEXTS.items() if isinstance(text, tuple)}
"""Kinds whose text depends on a number."""


def said_in(path: Path) -> Iterator[tuple[str, int, set[str], bool]]:
    """The kinds that a module says: kind, line, the names of its parts, and whether there may be others."""
    tree = parsed(path)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "importer.messages"
        for alias in node.names
        if alias.name == "say"
    } | ({"say"} if path.name == "messages.py" else set())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            parts = {keyword.arg for keyword in node.keywords if keyword.arg is not None}
            is_open = any(keyword.arg is None for keyword in node.keywords)
            for kind in _kinds(node.args[0]):
                yield kind, node.lineno, parts, is_open


def _kinds(node: ast.expr) -> Iterator[str]:
    """The kinds that an expression can be: of an f-string, all that are of its shape."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _kinds(node.body)
        yield from _kinds(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        shape = "".join(
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"[\w-]+" for part in node.values
        )
        yield from (kind for kind in FORMS if re.fullmatch(shape, kind))


def said_in_template(path: Path) -> Iterator[tuple[str, int, set[str], bool]]:
    """The kinds that a template of the page shows, as :func:`said_in` says those of a module."""
    for call in jinja2.Environment(autoescape=True).parse(path.read_text(encoding="utf-8")).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "text":
            for kind in _template_kinds(call.args[0]):
                yield kind, call.lineno, {keyword.key for keyword in call.kwargs}, False


def _template_kinds(node: nodes.Node | None) -> Iterator[str]:
    if isinstance(node, nodes.Const):
        yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from _template_kinds(node.expr1)
        yield from _template_kinds(node.expr2)


@cache
def all_shown() -> list[tuple[Path, str, int, set[str], bool]]:
    return [(path, *said) for path in sorted(ROOT.rglob("*.html")) for said in said_in_template(path)]


@cache
def all_said() -> list[tuple[Path, str, int, set[str], bool]]:
    return [(path, *said) for path in sorted(ROOT.rglob("*.py")) for said in said_in(path)] + all_shown()


def parts_of(text: str) -> set[str]:
    return {name for name in re.findall(r"\{([\w.-]+)(?::[^{}]*)?\}", text) if not name.startswith("action.")}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def quoted() -> dict[Path, set[str]]:
    """What stands in quotation marks in each module and template but the texts themselves."""
    paths = [path for path in (*ROOT.rglob("*.py"), *ROOT.rglob("*.html")) if room_of(path) != "texts"]
    return {path: set(re.findall(r'"([\w.@-]+)"', path.read_text(encoding="utf-8"))) for path in paths}


OF_FIELDS = ("role", "column.which", "none", "use", "restricted", "template.prompt")
"""What is said of each field, or of some, in texts that are named for its role."""
_OF_FIELD = re.compile(rf"({'|'.join(map(re.escape, OF_FIELDS))})\.({'|'.join(Role)})(\.by-name)?")


def test_no_kind_has_two_texts_and_one_of_a_face_names_a_face() -> None:
    """Of two texts the last one would count, in a room or of two rooms."""
    keys = []
    for path in sorted((ROOT / "texts").glob("*.py")):
        for node in ast.walk(parsed(path)):
            keys += [ast.literal_eval(key) for key in node.keys if key] if isinstance(node, ast.Dict) else []
    assert sorted(keys) == sorted(TEXTS)
    assert {key.partition("@")[2] for key in TEXTS} <= {"", PAGE.name, InProfile.name}


def test_each_text_is_with_a_room_that_says_its_kind() -> None:
    """One that only other texts name is with the messages, and all that are named for a field are with the fields."""
    said: dict[str, set[str]] = {}
    for path, kind, *_ in all_said():
        said.setdefault(kind, set()).add(room_of(path))
    elsewhere = []
    for path in sorted((ROOT / "texts").glob("[!_]*.py")):
        for key in vars(importlib.import_module(f"importer.texts.{path.stem}"))["TEXTS"]:
            kind = key.partition("@")[0]
            if _OF_FIELD.fullmatch(kind):
                elsewhere += [] if path.stem == "fields" else [f"{path.name}: {key}, of a field"]
                continue
            rooms = said.get(kind) or {room_of(source) for source, names in quoted().items() if kind in names}
            elsewhere += [] if path.stem in (rooms or {"messages"}) else [f"{path.name}: {key}, said by {rooms}"]
    assert elsewhere == []


def test_each_field_and_each_column_of_the_results_has_its_texts() -> None:
    named = {family: [*Role] for family in OF_FIELDS} | {"use": [*WORDED], "restricted": [*WORDED]}
    named["none"] = []  # a sheet may lack those that have this text
    named["template.prompt"] = [role for role, field in FIELDS.items() if field.headings]
    kinds = {f"{family}.{role}" for family, roles in named.items() for role in roles}
    assert kinds | {f"column-of-results.{column.heading}" for column in COLUMNS} <= {*TEXTS}


def test_every_kind_that_is_said_has_a_text_with_the_parts_that_are_given() -> None:
    wrong = []
    for path, kind, line, given, is_open in all_said():
        shown = set().union(*map(parts_of, FORMS.get(kind, [])))
        chooses = {"n"} if kind in PLURAL else set()
        is_right = is_open or (shown | chooses <= given <= shown | chooses)
        if kind not in FORMS or not is_right:
            wrong.append(f"{path.relative_to(ROOT)}:{line}: {kind}: {sorted(shown ^ given)}")
    assert wrong == []


def test_what_texts_refer_to_is_there_and_a_flag_to_copy_is_followed_by_a_space() -> None:
    """Or by nothing: whoever copies it takes a full stop along. The help of a setting has examples within sentences."""
    copied = re.compile(r"`(?!note-importer)[\w-]+ [^`]*`[.,;:)]")
    for kind, text in ((kind, text) for kind, texts in FORMS.items() for text in texts):
        assert text.strip(), kind
        names = {found.split(" ")[0] for found in re.findall(r"`([^`]*)`", text)}
        assert names <= {*SETTINGS, PROGRAM}, kind
        assert FORMS.keys() >= {*re.findall(r"\{(action\.[\w-]+)\}", text)}, kind
        assert kind.endswith(".help") or not copied.search(text), kind


def test_no_text_is_left_that_nothing_says() -> None:
    said = {kind for _, kind, *_ in all_said()} | {"words"} | set().union(*quoted().values())
    referred = {name for texts in FORMS.values() for text in texts for name in re.findall(r"\{([\w.-]+)", text)}
    assert [kind for kind in FORMS if kind not in said | referred] == []


def test_a_message_is_no_text() -> None:
    """Whoever formats one by mistake hears of it, in tests and from the type checker (``.ci/messages_plugin.py``)."""
    for wrong in (str, "{}".format):
        with pytest.raises(TypeError, match="has to be rendered"):
            wrong(say("outcome.broke-off"))  # type: ignore[misc]


def test_the_headline_of_a_message_is_its_first_line_without_its_full_stop() -> None:
    """One at the end of another brings its own lines, so the headline of an error that names its file is the same."""
    said = say("stopped.limit-used-up")
    for before, message in (("", said), ("a.csv: ", say("labelled", label="a.csv", text=said))):
        assert headline(message) == f"{before}The account's limit is used up"
        assert render(message).startswith(f"{before}The account's limit is used up. Delivered notes are recorded;")
    assert "the run stopped: The account's limit is used up. See" in render(say("outcome.run-stopped", why=said))


DATA = ("`content`", "{why}", "{action.run-again}", "run again", "`note-importer verify`", "%s", "\\1", "a\nb")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        *((say("outcome.refused", why=words(text)), f"the API refused it: {text}") for text in DATA),
        (say("written.remarks", remarks=some(["a", "b"], 2)), "a b"),
        (say("written.remarks", remarks=some(["a", "b", "c"], 2)), "a, b and 1 more"),
        (say("verify.found", n=1), "1 note found. It now counts as created."),
        (say("verify.found", n=1_200), "1,200 notes found. They now count as created."),
        (say("size.mb", size=1_234.56), "1,234.6 MB"),
        (
            Message("outcome.of-a-later-version", (("row", "17"), ("n", 3))),
            "outcome.of-a-later-version (row: 17, n: 3)",
        ),
    ],
)
def test_a_message_shows_its_data_as_it_came_and_a_number_chooses_the_form(message: Message, shown: str) -> None:
    assert render(message) == shown


WORDS_OF_SHEETS = {"fields.py", "rows/suggestions.py", "reading/encodings.py", "reading/html.py", "markup.py"} | {
    "reading/opendocument.py",
    "api/refusals.py",
}
"""Modules that hold what sheets and replies are read by: headings, languages, tags, the API's words."""
NOT_SAID = {
    "bucket does not exist", "does not match host name", "note-importer journal backup journal-copy.sqlite",
    "note-importer sees whether calls come through", "… [cut here: the whole text has {} characters]",
    "the reply took too long",
}  # fmt: skip
"""Words of others that errors are known by, commands, the text of a call that creates nothing, a mark that results are
known by, names of sheets and rows, and what Python's own errors say."""
SENTENCE = re.compile(r"\b[a-z']+(?: [a-z']+){3}")


def sentences_in(path: Path) -> Iterator[str]:
    """Texts in a module that read as a sentence: none of documentation, of enums, of the log or of Python's errors."""
    tree = parsed(path)
    apart: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Assert() | ast.Call(func=ast.Attribute(attr="compile" | "event")):
                apart.update(map(id, ast.walk(node)))
            case ast.Raise(exc=ast.Call(func=ast.Name("RuntimeError" | "TypeError"))) | ast.keyword(arg="help"):
                apart.update(map(id, ast.walk(node)))
            case ast.ClassDef(bases=[ast.Name("Enum" | "StrEnum"), *_]):
                apart.update(map(id, ast.walk(node)))
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and id(node) not in apart and SENTENCE.search(node.value):  # type: ignore[attr-defined]
            yield node.value  # type: ignore[attr-defined]


def test_no_sentence_stands_outside_of_the_texts() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in sorted(ROOT.rglob("*.py"))
        if room_of(path) != "texts" and path.relative_to(ROOT).as_posix() not in WORDS_OF_SHEETS
        for text in sentences_in(path)
        if text not in NOT_SAID and not text.startswith("#") and not re.search(r"\b[A-Z]{4,}\b", text)
    ]
    assert found == []
    said = ROOT / "api" / "connections.py"
    assert len([*sentences_in(said)]) == 1, "the search finds what there is"


class TextsOfHtml(HTMLParser):
    """Texts and attributes for people in a piece of HTML that hold letters."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        shown = {"title", "placeholder", "aria-label", "alt", "data-label", *texts_for_the_script()}
        self.found += [value for name, value in attrs if name in shown and value and re.search(r"\w", value)]

    def handle_data(self, data: str) -> None:
        self.found += [text for text in [data.replace(PROGRAM, "").strip()] if re.search(r"\w", text)]


WORDING = re.compile(r"\w \w|^[A-Z][a-z]")
SCRIPT = ROOT / "page" / "static" / "page.js"
NOT_SAID_BY_THE_SCRIPT = {
    "use strict",
    "Files",
    "Enter",
    "Tab",
    "main a[href]:not([href^='#'], [download])",
    "td [aria-invalid]",
    ".asked select",
}
"""A directive, names that the browser gives to what is dragged and to keys, and selectors."""


def texts_for_the_script() -> set[str]:
    """The attributes from which the page's script takes its texts."""
    names = re.findall(r"say\((?:`\$\{)?[\w.]+\.dataset\.(\w+)", SCRIPT.read_text(encoding="utf-8"))
    return {"data-" + re.sub(r"([A-Z])", lambda match: f"-{match[1].lower()}", name) for name in names}


def wording_of(template: str) -> list[str]:
    """What a template says by itself: between its tags, in attributes for people, and in its expressions."""
    html = re.sub(r"\{% set \w+ %\}(\w+=.*?)\{% endset %\}", r"<p \1>", template)  # attributes
    html = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", html, flags=re.DOTALL)
    constants = jinja2.Environment(autoescape=True).parse(template).find_all(nodes.Const)
    written = [const.value for const in constants if isinstance(const.value, str) and WORDING.search(const.value)]
    return TextsOfHtml(html).found + written


def test_templates_and_the_pages_script_hold_no_wording() -> None:
    """Only texts do; the script takes its texts from attributes. What templates show has no markup but in its parts."""
    assert not [kind for _, kind, *_ in all_shown() if re.search(r'[<>&"]', "".join(FORMS[kind]))]
    templates = sorted((ROOT / "page" / "templates").glob("*.html"))
    assert len(templates) > 15
    found = [f"{path.name}: {text}" for path in templates for text in wording_of(path.read_text(encoding="utf-8"))]
    code = re.sub(r"^\s*//.*$| // .*$", "", SCRIPT.read_text(encoding="utf-8"), flags=re.MULTILINE)
    strings = [match[1] or match[2] or "" for match in re.finditer(r'"([^"]*)"|`([^`]*)`', code)]
    assert found + [text for text in strings if WORDING.search(text) and text not in NOT_SAID_BY_THE_SCRIPT] == []
    assert len(texts_for_the_script()) == 6
