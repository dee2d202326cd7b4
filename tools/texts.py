"""A file of text, markdown or HTML -> passages short enough to be found and shown."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from .index import Passage

SUFFIXES = frozenset((".txt", ".text", ".md", ".markdown", ".rst", ".html", ".htm"))
MAX_BYTES = 20_000_000
"""Only the first so many bytes of a file are read."""

_PASSAGE = 800
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*\Z")
_SENTENCE_END = re.compile(r"(?<=[.!?。])\s+|\n")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_passages(path: Path) -> list[Passage]:
    """The passages of a file, each titled with the file's name and the heading that it stands under.

    A file that holds no text (a zero byte says so) has none.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES)
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "utf-8")
    if encoding != "utf-16" and b"\0" in data:
        return []
    text = data.decode(encoding, "replace")
    if path.suffix.lower() in (".html", ".htm"):
        text = html_to_text(text)
    name = re.sub(r"[\W_]+", " ", path.stem)
    return [Passage(f"{name} {heading}".strip(), body) for heading, body in _split(text)]


def html_to_text(html: str) -> str:
    """The words of a page: no tags, scripts or styles; headings and the page's title as markdown headings."""
    reader = _Page()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Paragraphs under one heading, put together up to `_PASSAGE` characters; longer ones are cut between sentences."""
    heading, gathered, bare = "", "", False
    for paragraph in re.split(r"\n[ \t]*\n|(?m:^(?=#{1,6}\s))|(?m:(?<=\n)(?=#{1,6}\s))", text):
        block = paragraph.strip()
        first, _, rest = block.partition("\n")
        match = _HEADING.match(first)
        if match:
            if gathered or bare:
                yield heading, gathered or heading
            heading, gathered, bare, block = match[1], "", True, rest.strip()
        for piece in _pieces(block):
            if gathered and len(gathered) + len(piece) > _PASSAGE:
                yield heading, gathered
                gathered = ""
            gathered = f"{gathered}\n{piece}" if gathered else piece
            bare = False
    if gathered or bare:
        yield heading, gathered or heading


def _pieces(block: str) -> Iterator[str]:
    if len(block) <= _PASSAGE:
        if block:
            yield block
        return
    for sentence in _SENTENCE_END.split(block):
        for start in range(0, len(sentence), _PASSAGE):
            yield sentence[start : start + _PASSAGE]


class _Page(HTMLParser):
    _HIDDEN = frozenset(("script", "style", "template", "noscript", "svg"))
    _HEADINGS = frozenset(("title", "h1", "h2", "h3", "h4", "h5", "h6"))
    _INLINE = frozenset(
        ("a", "abbr", "b", "cite", "code", "em", "i", "mark", "q", "s", "small", "span", "strong", "sub")
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._HIDDEN:
            self.hidden += 1
        elif tag in self._HEADINGS:
            self.parts.append("\n\n# ")
        elif tag == "br":
            self.parts.append("\n")
        elif tag not in self._INLINE:
            self.parts.append("\n\n" if tag in ("p", "div", "section", "article", "ul", "ol", "table") else " ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in self._HEADINGS:
            self.parts.append("\n\n")
        elif tag not in self._INLINE:
            self.parts.append("\n" if tag in ("li", "tr", "p", "div") else " ")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            # Line ends of the source mean nothing in HTML.
            self.parts.append(re.sub(r"\s+", " ", data))
