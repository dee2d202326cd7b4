"""Images, sounds and films in messages: every form in which they are written, and what is not opened unasked."""

from __future__ import annotations

import base64
import io
import wave
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from PIL import Image

from agentkit import UnsupportedContentError
from agentkit.decoding import decoded
from agentkit.media import Media, found_in
from agentkit.messages import media_messages

RED = Image.new("RGB", (4, 3), "red")


def png() -> bytes:
    file = io.BytesIO()
    RED.save(file, format="PNG")
    return file.getvalue()


PNG = png()
BASE64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{BASE64}"


class Ears:
    """As much of a processor as sounds need."""

    class feature_extractor:  # noqa: N801
        sampling_rate = 16000


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "base64": BASE64, "mime_type": "image/png"},
        {"type": "image", "base64": BASE64[:20] + "\n" + BASE64[20:]},
        {"type": "image", "base64": PNG},
        {"type": "image", "url": URL},
        {"type": "image", "source_type": "base64", "data": BASE64, "mime_type": "image/png"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
        {"type": "image", "image": RED},
        {"type": "image", "image": np.asarray(RED)},
        {"type": "image", "image": np.asarray(RED) / 255},
        {"type": "image", "image": np.asarray(RED).transpose(2, 0, 1)},
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "image_url", "image_url": URL},
        {"type": "input_image", "image_url": None, "url": URL},
    ],
    ids=lambda block: "-".join(block),
)
def test_an_image_in_every_form(block: dict[str, Any]) -> None:
    media = found_in(block)
    assert media is not None
    image = decoded(media, None, frozenset())
    assert (image.size, image.mode, image.getpixel((0, 0))) == ((4, 3), "RGB", (255, 0, 0))


def wav(rate: int, width: int, channels: int = 1) -> bytes:
    """A second of 440 Hz at half the full volume."""
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    whole = np.round(tone * (2 ** (8 * width - 1) - 1)).astype(np.int64) + (128 if width == 1 else 0)
    data = b"".join(int(v).to_bytes(width, "little", signed=width > 1) * channels for v in whole)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, width, rate, 0, "NONE", ""))
        out.writeframes(data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("rate", "width", "channels"), [(16000, 2, 1), (16000, 1, 1), (16000, 3, 2), (44100, 4, 2), (8000, 2, 1)]
)
def test_a_sound_of_every_rate_and_width(rate: int, width: int, channels: int) -> None:
    data = base64.b64encode(wav(rate, width, channels)).decode()
    media = found_in({"type": "input_audio", "input_audio": {"data": data, "format": "wav"}})
    assert media is not None
    samples = decoded(media, Ears, frozenset())
    assert samples.dtype == np.float32
    assert samples.shape == (16000,)
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert np.abs(samples - expected).max() < (0.02 if width > 1 else 0.05)


def test_frames_and_samples_as_they_are() -> None:
    film = decoded(Media("video", value=np.zeros((2, 3, 4, 3), np.uint8)), None, frozenset())
    assert [frame.size for frame in film] == [(4, 3), (4, 3)]
    sound = decoded(Media("audio", value=np.zeros((2, 8000)), rate=8000), Ears, frozenset())
    assert sound.shape == (16000,)


def test_nothing_is_opened_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(PNG)

    def fetched(*arguments: Any, **keywords: Any) -> Any:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(httpx, "stream", fetched)
    for path in (str(file), file, file.as_uri()):
        media = found_in({"type": "image", "url": path})
        assert media is not None
        with pytest.raises(UnsupportedContentError, match=r"a\.png.*allowed_media=\[\"path\"\]"):
            media.read()
        assert media.read(frozenset({"path"})) == PNG
    remote = found_in({"type": "image", "url": "http://127.0.0.1:9/a.png"})
    assert remote is not None
    for allowed in (frozenset[str](), frozenset({"path"})):
        with pytest.raises(UnsupportedContentError, match=r"allowed_media=\[\"url\"\]"):
            remote.read(allowed)
    with pytest.raises(AssertionError, match="the network was asked"):
        remote.read(frozenset({"url"}))


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ({"type": "image"}, "holds no image"),
        ({"type": "image", "base64": "?"}, "not valid base64"),
        ({"type": "image", "base64": base64.b64encode(b"no image").decode()}, "can't be read"),
        ({"type": "image", "image": np.zeros((2, 2, 2, 2))}, r"\[2, 2, 2, 2\]"),
        ({"type": "audio", "base64": BASE64}, "as WAV"),
        ({"type": "video", "base64": BASE64}, "frames"),
    ],
)
def test_what_cannot_be_read_is_told(block: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UnsupportedContentError, match=complaint):
        decoded(found_in(block), Ears, frozenset())  # type: ignore[arg-type]


def test_media_stand_at_their_places() -> None:
    image = {"type": "image", "image": RED}
    turns, media = media_messages(
        [
            HumanMessage(["one", image, "two", image]),
            AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "a"}]),
            ToolMessage(["seen", image], tool_call_id="a"),
            ToolMessage("nothing", tool_call_id="b"),
            HumanMessage("So?"),
        ],
        {"image"},
    )
    text = {"type": "text", "text": "one"}, {"type": "text", "text": "two"}
    assert turns[0]["content"] == [text[0], {"type": "image"}, text[1], {"type": "image"}]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "tool", "user", "user"]
    assert turns[2]["content"] == "seen"
    assert turns[4]["content"] == [{"type": "text", "text": "seen"}, {"type": "image"}]
    assert len(media) == 3
