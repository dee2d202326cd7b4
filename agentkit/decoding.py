"""Media as processors take them: PIL images, arrays of samples, lists of frames."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np

from agentkit.errors import UnsupportedContentError
from agentkit.media import Media


def decoded(item: Media, processor: Any, allowed: frozenset[str]) -> Any:
    """An image as a PIL image in RGB; a sound as float32 samples of one channel, shape [samples], at the rate that the
    processor wants; a film as a list of PIL images.

    Raises:
        UnsupportedContentError: where it can't be read or is of a form that isn't known.
    """
    if item.kind == "image":
        return _image(item.read(allowed) if item.value is None else item.value)
    if item.kind == "audio":
        return _sound(item, processor.feature_extractor.sampling_rate, allowed)
    if item.value is None:
        raise UnsupportedContentError("A video is taken as its frames: images, or an array [frames, height, width, 3].")
    return [_image(frame) for frame in item.value]


def _image(value: Any) -> Any:
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise UnsupportedContentError("Images need Pillow: pip install pillow.") from error
    if isinstance(value, Image.Image):
        return value.convert("RGB")
    if isinstance(value, bytes):
        try:
            with Image.open(io.BytesIO(value)) as opened:
                return ImageOps.exif_transpose(opened).convert("RGB")
        except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
            raise UnsupportedContentError(f"The image can't be read: {error}") from error
    pixels = np.asarray(value)
    if pixels.ndim == 3 and pixels.shape[0] in (1, 3) and pixels.shape[2] not in (1, 3):
        pixels = pixels.transpose(1, 2, 0)
    if np.issubdtype(pixels.dtype, np.floating):
        pixels = (pixels * 255).round() if pixels.max(initial=0) <= 1 else pixels
    if pixels.ndim not in (2, 3) or not np.issubdtype(pixels.dtype, np.number):
        raise UnsupportedContentError(
            f"An image array has the shape [height, width, 3], not {list(pixels.shape)} of {pixels.dtype}."
        )
    return Image.fromarray(pixels.squeeze().clip(0, 255).astype(np.uint8)).convert("RGB")


def _sound(item: Media, rate: int, allowed: frozenset[str]) -> Any:
    if item.value is not None:
        samples, given = np.asarray(item.value, dtype=np.float32), item.rate or rate
    else:
        samples, given = _wav(item.read(allowed))
    if samples.ndim == 2:
        samples = samples.mean(axis=int(np.argmin(samples.shape)))
    return samples if given == rate else _resampled(samples, given, rate)


def _wav(data: bytes) -> tuple[Any, int]:
    try:
        with wave.open(io.BytesIO(data)) as file:
            width, channels, rate = file.getsampwidth(), file.getnchannels(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise UnsupportedContentError(
            f"The sound can't be read as WAV with PCM samples ({error}): convert it, or give its samples as an array."
        ) from error
    if width == 3:
        wide = np.frombuffer(frames, dtype=np.uint8).reshape(-1, 3)
        values = np.concatenate([np.zeros((len(wide), 1), np.uint8), wide], axis=1).view("<i4").ravel() / 2**31
    elif width == 1:
        values = np.frombuffer(frames, dtype=np.uint8) / 128 - 1
    else:
        values = np.frombuffer(frames, dtype=f"<i{width}") / 2 ** (8 * width - 1)
    return values.reshape(-1, channels).mean(axis=1).astype(np.float32), rate


def _resampled(samples: Any, given: int, wanted: int) -> Any:
    """The same sound at another rate, by its spectrum: nothing above half the lower rate is kept."""
    length = max(1, round(len(samples) * wanted / given))
    spectrum = np.fft.rfft(samples)
    kept = spectrum[: length // 2 + 1]
    changed = np.zeros(length // 2 + 1, dtype=complex)
    changed[: len(kept)] = kept
    return (np.fft.irfft(changed, length) * (length / len(samples))).astype(np.float32)
