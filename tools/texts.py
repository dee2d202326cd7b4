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
_HEADING = re.compile(r"#{1,6}\s+(?=\S)")
_SENTENCE_END = re.compile(r"(?<=[.!?。])\s+|\n")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHARSET = re.compile(
    rb"<meta\b[^<>]{0,200}?charset\s*=\s*[\"']?((?:windows|iso|cp|mac|koi8|gb|big5|euc|shift)[\w-]{1,20})",
    re.IGNORECASE,
)

# What no reader of a page sees, and what HTMLParser would take for a tag again and again on its way to the end of the
# page. Every pattern ends at the end of the page or within a bounded length, so that a page takes linear time.
_HIDDEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|template|noscript|svg)\b[^<>]{0,2000}(?<!/)>.*?(?:</\1\s{0,20}>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_DECLARATION = re.compile(r"<[!?][^<>]{0,2000}>")
_NO_TAG = re.compile(r"<(?!/?[a-zA-Z][^<>]{0,2000}>)")


def read_passages(path: Path) -> list[Passage]:
    """The passages of a file, each titled with the file's name and the heading that it stands under.

    A file that holds no text (a zero byte says so) has none. Text is UTF-8, UTF-16 with its mark, what a page says of
    itself, or else Windows-1252.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES)
    page = path.suffix.lower() in (".html", ".htm")
    text = _decode(data, page)
    if page:
        text = html_to_text(text)
    name = re.sub(r"[\W_]+", " ", path.stem)
    return [Passage(f"{name} {heading}".strip(), body) for heading, body in _split(text)]


def html_to_text(html: str) -> str:
    """The words of a page: no tags, scripts or styles; headings and the page's title as markdown headings."""
    reader = _Page()
    reader.feed(_NO_TAG.sub("&lt;", _DECLARATION.sub(" ", _HIDDEN.sub(" ", html))))
    reader.close()
    return "".join(reader.parts)


def _decode(data: bytes, page: bool) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    if b"\0" in data:
        return ""
    try:
        # Not final: the last character may be cut at MAX_BYTES.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    if page and (said := _CHARSET.search(data[:2000])):
        try:
            return data.decode(said[1].decode(), "replace")
        except LookupError:
            pass
    # Text in UTF-8 with a few broken bytes stays what it is.
    broken = text.count("\ufffd")
    return text if len(data) - len(text) > broken else data.decode("cp1252", "replace")


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Paragraphs under one heading, put together up to `_PASSAGE` characters; longer ones are cut between sentences."""
    heading, gathered, bare = "", "", False
    for paragraph in re.split(r"\n[ \t]*\n|(?m:^(?=#{1,6}\s))", text):
        block = paragraph.strip()
        first, _, rest = block.partition("\n")
        if match := _HEADING.match(first):
            if gathered or bare:
                yield heading, gathered or heading
            heading = _unclosed(first[match.end() : match.end() + _PASSAGE].rstrip())
            gathered, bare, block = "", bool(heading), rest.strip()
        for piece in _pieces(block):
            if gathered and len(gathered) + len(piece) > _PASSAGE:
                yield heading, gathered
                gathered = ""
            gathered = f"{gathered}\n{piece}" if gathered else piece
            bare = False
    if gathered or bare:
        yield heading, gathered or heading


def _unclosed(heading: str) -> str:
    """A heading without the number signs that may close it ("Beans ##"); those of "C#" belong to it."""
    before, _, last = heading.rpartition(" ")
    return heading if last.strip("#") else before.rstrip()


def _pieces(block: str) -> Iterator[str]:
    if len(block) <= _PASSAGE:
        if block:
            yield block
        return
    for sentence in _SENTENCE_END.split(block):
        start = 0
        while start < len(sentence):
            end = start + _PASSAGE
            if end < len(sentence) and (space := sentence.rfind(" ", start + 1, end)) > 0:
                end = space
            if piece := sentence[start:end].strip():
                yield piece
            start = end


class _Page(HTMLParser):
    _HEADINGS = frozenset(("title", "h1", "h2", "h3", "h4", "h5", "h6"))
    _INLINE = frozenset(
        ("a", "abbr", "b", "cite", "code", "em", "i", "mark", "q", "s", "small", "span", "strong", "sub")
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._HEADINGS:
            self.parts.append("\n\n# ")
        elif tag == "br":
            self.parts.append("\n")
        elif tag not in self._INLINE:
            self.parts.append("\n\n" if tag in ("p", "div", "section", "article", "ul", "ol", "table") else " ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HEADINGS:
            self.parts.append("\n\n")
        elif tag not in self._INLINE:
            self.parts.append("\n" if tag in ("li", "tr", "p", "div") else " ")

    def handle_data(self, data: str) -> None:
        # Line ends of the source mean nothing in HTML.
        self.parts.append(re.sub(r"\s+", " ", data))
