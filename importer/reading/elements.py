"""XML in one pass: pieces of a part in, its rows out as whole trees, and where the elements around them begin and end.

The trees are ElementTree's. They are built by the handlers of ``Events`` rather than by ElementTree's own parser, which
neither refuses a document type nor bounds a tag without end, and which refuses names whose prefix isn't declared.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree.ElementTree import Element, TreeBuilder

from importer.messages import say
from importer.reading.package import MOST_DEPTH, Events, too_many

MOST_ELEMENTS = 200_000
"""Elements of one row: several for each cell of the widest sheet."""

MOST_CELLS_TEXT = 32
"""So many cells of a row may be as long as a cell can be."""

Attributes = dict[str, str]


class Elements(Events):
    """XML parsing of one part; names of elements come without namespace prefix."""

    def handle_trees(
        self,
        whole: frozenset[str],
        begin: Callable[[str, Attributes], None],
        end: Callable[[str], None],
        take: Callable[[Element], None],
    ) -> None:
        """Say who takes the elements that are called as ``whole`` says, and who hears of all that aren't within one."""
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
    """The attributes without prefix: files may declare other ones than usual. Of two the first counts."""
    return {name.rpartition(":")[2]: value for name, value in reversed(attributes.items())}
