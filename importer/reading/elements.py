"""Parse XML in one pass: rows as whole ElementTree trees, and events for the elements around them.

The handlers of ``Events`` build the trees. ElementTree's own parser accepts a document type and a tag without end, and
refuses names whose prefix isn't declared.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element, TreeBuilder

from importer.messages import say
from importer.reading.package import MOST_DEPTH, Events, too_many

MOST_ELEMENTS = 200_000
"""Maximum number of elements in one row: several for each cell of the widest sheet."""

MOST_CELLS_TEXT = 32
"""Maximum length of a row's text, as a multiple of the longest cell."""

Attributes = dict[str, str]


class Elements(Events):
    """XML parser for one part; element names come without namespace prefix."""

    def handle_trees(
        self,
        whole: frozenset[str],
        begin: Callable[[str, Attributes], None],
        end: Callable[[str], None],
        take: Callable[[Element], None],
    ) -> None:
        """Call ``take`` for each element named in ``whole``, and ``begin`` and ``end`` for elements outside these."""
        depth = inside = elements = characters = 0
        most_characters = MOST_CELLS_TEXT * self.limits.cell_characters
        builder = TreeBuilder()

        def enter(tag: str, attributes: Attributes) -> None:
            nonlocal depth, inside, elements, characters
            depth += 1
            if depth > MOST_DEPTH:
                raise self.too_deep()
            name = tag.rpartition(":")[2]
            if inside:
                elements += 1
                builder.start(name, attributes)
            elif name in whole:
                inside, elements, characters = depth, 0, 0
                builder.start(name, attributes)
            else:
                begin(name, attributes)

        def leave(tag: str) -> None:
            nonlocal depth, inside, builder
            depth -= 1
            name = tag.rpartition(":")[2]
            if not inside:
                end(name)
                return
            builder.end(name)
            if depth < inside:
                inside = 0
                tree, builder = builder.close(), TreeBuilder()
                take(tree)
            elif elements > MOST_ELEMENTS:
                raise too_many(MOST_ELEMENTS, say("part.elements-of-row", what=self.what))

        def text(data: str) -> None:
            nonlocal characters
            if inside:
                characters += len(data)
                if characters > most_characters:
                    raise self.limits.refuse("cell_characters", say("limit.row-characters", what=self.what))
                builder.data(data)

        self._parser.StartElementHandler = enter
        self._parser.EndElementHandler = leave
        self._parser.CharacterDataHandler = text


def plain(attributes: Attributes) -> Attributes:
    """Return the attributes without prefixes, because files may declare odd ones. The first of equal names counts."""
    return {name.rpartition(":")[2]: value for name, value in reversed(attributes.items())}
