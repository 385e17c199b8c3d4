"""Notes with HTML, as the page shows them: formatted as they will read, and nothing else comes of what they hold."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser

import pytest

from importer.page.rendering import formatted

ELEMENTS = frozenset("a b strong i em u s del ins mark small sub sup code p div ul ol li blockquote pre br hr".split())
ATTRIBUTES = {"href", "rel", "target", "class"}
ALONE = ("br", "hr")


class Strict(HTMLParser):
    """Reads what the page shows: well nested, of the allowed few elements and attributes, and its text.

    Attributes:
        text: all text.
        addresses: where links lead to.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.addresses: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS
        about = dict(attrs)
        assert {*about} <= ATTRIBUTES
        assert about.get("class", "heading") == "heading"
        if tag == "a":
            self.addresses.append(str(about["href"]))
            assert about["rel"] == "noreferrer noopener"
            assert re.match(r"https?://", str(about["href"]), re.IGNORECASE)
        if tag == "li":
            assert self._open[-1] in ("ul", "ol")
        elif self._open:
            assert self._open[-1] not in ("ul", "ol")
        if tag in ("p", "div", "ul", "ol", "blockquote", "pre", "hr"):
            assert "p" not in self._open
        if tag not in ALONE:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Strict:
    """A note that is shown."""
    return Strict(formatted(html))


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<p>Met at the <b>fair</b></p>", "<p>Met at the <b>fair</b></p>"),
        ("one<br>two<BR/>three", "one<br>two<br>three"),
        ("<ul><li>R&amp;D<li>two</ul>", "<ul><li>R&amp;D</li><li>two</li></ul>"),
        ("<ul>plain<li>two</li></ul>", "<ul><li>plain</li><li>two</li></ul>"),
        ("<li>alone</li>", "<div>alone</div>"),
        ("<p>one<p>two", "<p>one</p><p>two</p>"),
        ("<p>one<ul><li>two</ul>three", '<p>one</p><ul><li>two</li></ul>three'),
        ("<b>one<i>two</b>three</i>", "<b>one<i>two</i></b>three"),
        ("<b><p>one</b>two</p>", "<b><p>onetwo</p></b>"),
        ("<h1>Call</h1>said yes", '<p class="heading">Call</p>said yes'),
        ('<span style="color:red">red</span>', "red"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "<div><div> a b</div></div>"),
        (
            '<a href="https://x.example/?a=1&amp;b=2">see</a>',
            '<a href="https://x.example/?a=1&amp;b=2" rel="noreferrer noopener" target="_blank">see</a>'
            " (https://x.example/?a=1&amp;b=2)",
        ),
        (
            '<a href="https://x.example">https://x.example</a>',
            '<a href="https://x.example" rel="noreferrer noopener" target="_blank">https://x.example</a>',
        ),
        ('<a href="mailto:jo@x.example">Jo</a>', "Jo (mailto:jo@x.example)"),
        ('<a href="/relative">x</a>', "x (/relative)"),
        ('<img src="http://x.example/p.png" alt="a chart">', "[a chart]"),
        ("a &lt; b", "a &lt; b"),
    ],
)  # fmt: skip
def test_formatting_reads_as_it_will_there(html: str, shown: str) -> None:
    """Bold, lists, breaks; a link with its address; an image as its words."""
    assert formatted(html) == shown


HOSTILE = [
    "<script>alert(1)</script>", "<script>alert(1)", "<img src=x onerror=alert(1)>", "<b onclick=alert(1)>x</b>",
    '<a href="javascript:alert(1)">x</a>', '<a href=" java\tscript:alert(1)">x</a>', '<a href="JaVaScRiPt:alert(1)">x',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>', '<a href="https://x.example/&quot; onclick=alert(1)">x',
    "<svg onload=alert(1)><a xlink:href=javascript:alert(1)>x</a></svg>", "<iframe srcdoc='<b>x'></iframe>",
    "<form action=//x.example><button>x</button></form>", "<style>*{display:none}</style>", "<base href=//x.example>",
    "<meta http-equiv=refresh content='0;url=//x.example'>", "<link rel=stylesheet>", "<p style='position:fixed'>x</p>",
    "</blockquote></main></body>", "<!--", "--><b>x", "<![CDATA[x]]>", "<b", "&#0;&#x1F600;", "<math><mtext></mtext>",
    "<textarea></textarea>", "<title>x", "<plaintext>", "<ol><b><ul></ol></b></ul>", "<p>" * 300, "<ul>" * 300,
]  # fmt: skip


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_but_formatting_comes_of_html(html: str) -> None:
    """Whatever it holds; and its text is there, be it the text of what isn't shown."""
    found = read(f"before {html}")
    assert found.text.startswith("before")
    assert not [address for address in found.addresses if not address.startswith("https://x.example/")]
    is_attribute = "onclick=alert(1)>x</b>" in html or "onerror" in html
    for word in ("alert(1)", "display:none", "onload"):
        assert (word in found.text) is (word in html and not is_attribute)


@pytest.mark.parametrize("seed", range(60))
def test_pieces_of_html_in_any_order_stay_well_nested(seed: int) -> None:
    """Their words come in their order."""
    chance = random.Random(seed)
    tags = "a b p div ul ol li br span td tr blockquote pre h2 i hr strike".split()
    words, parts = [], []
    for number in range(chance.randrange(200)):
        tag = chance.choice(tags)
        parts.append(chance.choice([f"<{tag}>", f"</{tag}>", f"<{tag}/>", f"word{number} "]))
        words += [f"word{number}"] if parts[-1].startswith("word") else []
    assert read("".join(parts)).text.split() == words
