"""Images, sounds and films in messages: found in every form that LangChain, OpenAI, Anthropic and transformers write,
and opened only as far as the person allows."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

from agentkit.errors import UnsupportedContentError

KINDS = {
    "image": "image",
    "image_url": "image",
    "input_image": "image",
    "audio": "audio",
    "input_audio": "audio",
    "audio_url": "audio",
    "video": "video",
    "video_url": "video",
}
"""Kinds of media by the block types that hold them."""

_MIME = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4"}
_MOST_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class Media:
    """One image, sound or film. One of `data`, `url` and `value` is there."""

    kind: str
    data: bytes | None = None
    url: str | None = None
    """A URL, or a path in the file system."""
    value: Any = None
    """A PIL image, an array, or a list of frames."""
    mime_type: str = ""
    rate: int | None = None
    """Samples per second, of a sound given as an array."""

    @property
    def is_remote(self) -> bool:
        return self.url is not None and urlsplit(self.url).scheme in {"http", "https"}

    def read(self, allowed: frozenset[str] = frozenset()) -> bytes:
        """The bytes of the file.

        Args:
            allowed: what may be opened: "url" for http(s), "path" for files of this machine.

        Raises:
            UnsupportedContentError: where it may not be opened, or can't be.
        """
        if self.data is not None:
            return self.data
        if self.url is None:
            raise UnsupportedContentError(f"The {self.kind} was given as {type(self.value).__name__}, not as a file.")
        if self.is_remote:
            if "url" not in allowed:
                raise UnsupportedContentError(
                    f"The {self.kind} is at {self.url}, which is not fetched unasked: give its bytes, or allow it with "
                    'ChatHuggingFace(…, allowed_media=["url"]).'
                )
            return _fetched(self.url)
        path = Path(url2pathname(urlsplit(self.url).path) if self.url.startswith("file:") else self.url)
        if "path" not in allowed:
            raise UnsupportedContentError(
                f"The {self.kind} is in the file {str(path)!r}, which is not opened unasked: give its bytes, or allow "
                'it with ChatHuggingFace(…, allowed_media=["path"]).'
            )
        try:
            return path.read_bytes()
        except OSError as error:
            raise UnsupportedContentError(f"The {self.kind} could not be read: {error}") from error

    def data_url(self, allowed: frozenset[str] = frozenset()) -> str:
        """The bytes as a `data:` URL."""
        encoded = base64.b64encode(self.read(allowed)).decode("ascii")
        return f"data:{self.mime_type or _MIME[self.kind]};base64,{encoded}"


def found_in(block: Mapping[str, Any]) -> Media | None:
    """The media that a content block holds; None where it holds none.

    Raises:
        UnsupportedContentError: where a block says that it holds media but there are none in it.
    """
    kind = KINDS.get(str(block.get("type")))
    if kind is None:
        return None
    mime = str(block.get("mime_type") or block.get("media_type") or "")
    rate = block.get("sampling_rate") or block.get("rate")
    held: Any = block.get(str(block["type"]))  # OpenAI and transformers name the field as the type
    source = block.get("source")
    if isinstance(source, Mapping):  # Anthropic
        block, mime = source, str(source.get("media_type") or mime)
    if isinstance(held, Mapping):
        block, held = held, None
        mime = mime or (f"audio/{held_format}" if (held_format := block.get("format")) else "")
    for name in ("base64", "data", "bytes"):
        if block.get(name) is not None:
            return _given(kind, block[name], mime, rate, encoded=True)
    for value in (held, block.get("url"), block.get("path")):
        if value is not None:
            return _given(kind, value, mime, rate, encoded=False)
    raise UnsupportedContentError(
        f"A block of type {block.get('type', kind)!r} holds no {kind}: its fields are {', '.join(map(str, block))}."
    )


def _given(kind: str, value: Any, mime: str, rate: int | None, *, encoded: bool) -> Media:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Media(kind, data=bytes(value), mime_type=mime)
    if isinstance(value, os.PathLike):
        return Media(kind, url=os.fspath(value), mime_type=mime)
    if not isinstance(value, str):
        return Media(kind, value=value, mime_type=mime, rate=rate)
    if value.startswith("data:"):
        head, _, body = value[len("data:") :].partition(",")
        given, *parameters = head.split(";")
        is_base64 = "base64" in parameters
        return Media(kind, data=_decoded(kind, body) if is_base64 else unquote_to_bytes(body), mime_type=given or mime)
    if encoded:
        return Media(kind, data=_decoded(kind, value), mime_type=mime)
    return Media(kind, url=value, mime_type=mime)


def _decoded(kind: str, text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise UnsupportedContentError(f"The {kind} is not valid base64: {error}") from error


def _fetched(url: str) -> bytes:
    import httpx

    body = bytearray()
    try:
        with httpx.stream("GET", url, timeout=30.0, follow_redirects=True) as response:
            response.raise_for_status()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _MOST_BYTES:
                    raise UnsupportedContentError(f"{url} is larger than {_MOST_BYTES // 1024**2} MiB.")
    except httpx.HTTPError as error:
        raise UnsupportedContentError(f"{url} could not be fetched: {error}") from error
    return bytes(body)
