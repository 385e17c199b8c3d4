"""Text and HTML: what is sent for a text reads the same either way, and the same notes are known again."""

import html
import re
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.markup import are_alike, content_of, first_words, is_html, seen_digest, seen_digests, visible
from importer.models import ContentKind

# Texts with much of what HTML is made of.
PIECES = ["a", "b ", "<", ">", "&", "/", "<b>", "</b>", "<p>", "</p>", "<br>", "&lt;", "&amp;", "&nbsp;", ";", "lt",
          "\n", "\n\n", " ", "é", "e\u0301", "\u200b", "“", "<!--", "-->", "<script>", "'", '"']  # fmt: skip
MESSY = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@pytest.mark.parametrize(
    "text",
    [
        "<p>Hi</p>", "<p>Hi", "a<br>b", "a <b>c</B>", "<b>a <i>c</i>", "<UL><LI>x</UL>", "x <!-- n --> y",
        "<a href='x'>y</a>",
    ],
)  # fmt: skip
def test_what_has_a_tag_of_a_note_is_html_and_goes_as_it_is(text: str) -> None:
    assert is_html(text)
    assert content_of(text, ContentKind.AUTO) == text


@pytest.mark.parametrize(
    "text",
    ["jo <jo@example.com>", "1 < 2 > 0", "x <y> z", "<3", "a & b", "List<String>", "plain", "use <b> here", "</i> <i>"],
)
def test_what_merely_looks_like_it_is_text(text: str) -> None:
    assert not is_html(text)
    assert visible(content_of(text, ContentKind.AUTO)) == text


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("Use the <b> tag\nnext line", "<p>Use the &lt;b&gt; tag<br>next line</p>"),
        ("Price <b>100</b>\n- a", "Price <b>100</b><br>- a"),
        ("one<br>two\nthree\n\nfour", "one<br>two<br>three<br><br>four"),
        ("one<br />\ntwo\n  <br>three<BR> \n\nfour", "one<br />\ntwo\n  <br>three<BR> \n<br>four"),
        ("<p>one\ntwo</p>three<br>\nfour\n", None),
        ("<p>Price</p>\n<p>100</p>", None),
        ("one line; 'plain' \"text\"", None),
    ],
)
def test_lines_and_paragraphs_stay(text: str, content: str | None) -> None:
    assert content_of(text, ContentKind.AUTO) == (content or text)


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ("<p>one</p><p>two</p>", "one two"),
        ("<ul><li>a</li><li>b</li></ul>", "a b"),
        ("a<br/>b<hr>c", "a b c"),
        ("wo<b>r</b>d", "word"),
        ("&lt;b&gt; &amp;amp; &#8364; &nbsp;x", "<b> &amp; € x"),
        ("<script>x()</script><style>p{}</style>seen", "seen"),
        ("  a \n\t b\u00a0c\u200b\u00ad ❤\ufe0f\u061c \u2068d\u2069", "a b c ❤ d"),
        ("", ""),
    ],
)
def test_what_a_reader_sees(content: str, seen: str) -> None:
    assert visible(content) == seen


@given(MESSY)
def test_a_text_sent_as_text_reads_as_it_is(text: str) -> None:
    content = content_of(text, ContentKind.TEXT)
    if content != text:  # it needed markup, so the API takes it for HTML
        assert visible(content) == " ".join(re.sub("\u200b", "", text).replace("e\u0301", "é").split())


@given(MESSY)
def test_a_note_is_known_again_however_the_api_took_and_keeps_it(text: str) -> None:
    content = content_of(text, ContentKind.AUTO)
    as_text = f"<p>{html.escape(content)}</p>".replace("\n", "<br>")
    is_broken = "<!--" in content or "<script>" in content or content.rfind("<") > content.rfind(">")
    is_whole = is_html(content) and not is_broken  # what follows what is broken off becomes a part of it
    for kept in (content, f"<p>{content}</p>" if is_whole else content, as_text):
        assert not seen_digests(content).isdisjoint(seen_digests(kept))


@given(MESSY, MESSY)
def test_notes_that_may_be_mistaken_for_one_another_share_a_digest(one: str, other: str) -> None:
    if not seen_digests(one).isdisjoint(seen_digests(other)):
        assert seen_digest(one) == seen_digest(other)


def test_pictures_alone_all_count_as_the_same() -> None:
    one, other = '<img src="a.png">', "<p><img src='b.png' class='x'></p>"
    assert not seen_digests(one).isdisjoint(seen_digests(other))
    assert seen_digest(one) == seen_digest(other)
    assert seen_digests(one).isdisjoint(seen_digests("text"))


@pytest.mark.parametrize(
    "piece",
    ["<!--", "<a ", "<", "</", "<!", "<?", "<![CDATA[", "<a b='", "<a/ ", "<a b=c", "&amp;", "amp;", "<script>"],
)
def test_a_note_of_markup_without_end_takes_no_time(piece: str) -> None:
    text = "&" + piece * 50_000
    started = time.process_time()
    assert content_of(text, ContentKind.AUTO)
    assert seen_digest(text)
    assert seen_digests(text)
    assert time.process_time() - started < 5  # half a second; minutes where every beginning looks for its end


@pytest.mark.parametrize("text", ["<![x", "a <![if b> c", "&#" + "9" * 5_000, "<" + "&#" + "9" * 5_000])
def test_what_html_parser_gives_up_on_is_read(text: str) -> None:
    assert visible(text)


LONG = "A long account of a long call, which goes on about terms, prices and more"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Sent the offer 🤝", "<p>Sent the offer </p>"), ("Sent the offer 🤝", "Sent the offer ????"),
        ("Sent the offer 🤝 today", "Sent the offer \ufffd today"), ("“Quoted” – it’s late", '"Quoted" - it\'s late'),
        ("Asked   for a\nquote", "Asked for a quote"), ("Use <i>this</i>", "Use this"), ("a" * 80, "a" * 40),
        (LONG, f"<p>{LONG[:60]}</p>"),
    ],
)  # fmt: skip
def test_a_text_is_like_what_an_api_may_have_made_of_it(sent: str, kept: str) -> None:
    assert are_alike(sent, kept)
    assert are_alike(kept, sent)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Spoke about terms", "Spoke about prices"),
        ("Spoke about terms", "Spoke about terms, again"),  # too short to be a text that was cut
        ("a" * 80, "a" * 39),
        (LONG, LONG[:40]),  # spaces don't count
        (LONG, LONG[1:]),
        (LONG, f"{LONG[:50]} and another end than that"),
        ("", "Spoke about terms"),
        ("Spoke about terms", "spoke about terms"),
    ],
)
def test_another_text_is_not_like_it(one: str, other: str) -> None:
    assert not are_alike(one, other)
    assert not are_alike(other, one)


@given(st.text("ab -\n\u00a0…", max_size=300), st.sampled_from([5, 50, 70, 200]))
def test_the_first_words_are_those_of_the_whole_text(text: str, characters: int) -> None:
    assert first_words(text, characters) == textwrap.shorten(text, characters, placeholder=" …")
