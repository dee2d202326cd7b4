"""A model and its tokenizer from the Hugging Face Hub or a folder, on the device and in the type that suit it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers

from agentkit.engine.failures import is_out_of_memory
from agentkit.errors import ModelLoadError, OutOfMemoryError

__all__ = ["load", "pick_device", "pick_dtype"]


def load(
    model_id: str | os.PathLike[str],
    *,
    device: str | int | torch.device | None = None,
    device_map: Any = None,
    dtype: str | torch.dtype | None = None,
    torch_dtype: str | torch.dtype | None = None,
    quantization_config: Any = None,
    trust_remote_code: bool = False,
    revision: str | None = None,
    token: str | bool | None = None,
    **model_kwargs: Any,
) -> tuple[Any, Any]:
    """Load a causal language model for inference.

    Args:
        model_id: a model id on the Hugging Face Hub, or a folder as `save_pretrained` writes it.
        device: "cuda", "cuda:1", "mps", "cpu", or as pipelines count them: a GPU's number, -1 for the CPU. None takes
            a GPU if there is one.
        device_map: as `from_pretrained` takes it, to spread a model over devices; needs accelerate. Not with `device`.
        dtype: a torch type, its name, or "auto" for the one the weights are stored in. None is "auto" on a GPU; on a
            CPU it is float32, unless the CPU has instructions for bfloat16 or float32 would not fit the memory.
        torch_dtype: the former name of `dtype`.
        quantization_config: as `from_pretrained` takes it, for instance a `BitsAndBytesConfig`.
        trust_remote_code, revision, token, **model_kwargs: as `from_pretrained` takes them.

    Returns:
        The model, in evaluation mode, and the tokenizer.

    Raises:
        ModelLoadError: there is no such model, or it cannot be read.
        OutOfMemoryError: it does not fit.
    """
    name = os.fspath(model_id)
    if device is not None and device_map is not None:
        raise ValueError("Give either device or device_map, not both.")
    _check_folder(name)
    hub = {"trust_remote_code": trust_remote_code, "revision": revision, "token": token}
    with _explained(name, device or device_map):
        config = transformers.AutoConfig.from_pretrained(name, **hub)
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, **hub)
        target = pick_device(device) if device_map is None else None
        kwargs = {**hub, **model_kwargs, "config": config}
        if quantization_config is not None:
            kwargs["quantization_config"] = quantization_config
        is_quantized = quantization_config is not None or getattr(config, "quantization_config", None) is not None
        if target is None:
            kwargs["device_map"] = device_map
        elif is_quantized and (target.type != "cpu" or importlib.util.find_spec("accelerate")):
            # Quantised weights cannot be moved afterwards, so they are placed as they are read.
            kwargs["device_map"] = {"": str(target)}
        kwargs["dtype"] = dtype or torch_dtype or ("auto" if is_quantized else pick_dtype(config, target))
        model = _from_pretrained(name, kwargs)
        if target is not None and not is_quantized:
            model = model.to(target)
    return model.eval(), tokenizer


def pick_device(device: str | int | torch.device | None = None) -> torch.device:
    """The device asked for, or the GPU if there is one.

    Raises:
        ValueError: it is not there.
    """
    accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    if device is None:
        return accelerator or torch.device("cpu")
    if isinstance(device, int):
        if device >= 0 and accelerator is None:
            raise ValueError(f"device={device} means a GPU, but torch finds none here. Use device=-1 or 'cpu'.")
        return torch.device("cpu") if device < 0 else torch.device(accelerator.type if accelerator else "cpu", device)
    device = torch.device(device)
    if device.type not in ("cpu", "meta") and (accelerator is None or accelerator.type != device.type):
        found = "no GPU" if accelerator is None else f"only {accelerator.type}"
        raise ValueError(f"device='{device}' was asked for, but torch finds {found} here.")
    return device


def pick_dtype(config: Any, device: torch.device | None) -> str | torch.dtype:
    """The type to load weights in where nobody said.

    Args:
        config: the model's configuration.
        device: where it goes; None for several devices.
    """
    stored = getattr(config.get_text_config(decoder=True), "dtype", None) or getattr(config, "dtype", None)
    if device is None or device.type != "cpu" or stored in (None, torch.float32, torch.float64):
        return "auto"
    if _has_bfloat16():
        return torch.bfloat16
    needed, free = _float32_bytes(config), _free_memory()
    # Without such instructions bfloat16 is several times slower, but slow is better than not at all.
    return torch.bfloat16 if needed is not None and free is not None and needed > 0.8 * free else torch.float32


def _check_folder(name: str) -> None:
    path = Path(name).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            held = ", ".join(sorted(entry.name for entry in path.iterdir())[:8]) or "nothing"
            raise ModelLoadError(f"The folder {path.resolve()} holds no config.json, so no model; it holds {held}.")
    elif path.exists():
        raise ModelLoadError(
            f"{path.resolve()} is a file; a model is a folder with config.json, weights and tokenizer."
        )
    elif name.startswith((".", "~", os.sep)) or path.is_absolute() or name.count("/") > 1 or "\\" in name:
        raise ModelLoadError(f"There is no model folder at {path.absolute()}.")


def _from_pretrained(name: str, kwargs: dict[str, Any]) -> Any:
    try:
        return transformers.AutoModelForCausalLM.from_pretrained(name, **kwargs)
    except ValueError as error:
        if "Unrecognized configuration class" not in str(error):
            raise
        # Models that also see are not among the causal language models, but are ones all the same.
        return transformers.AutoModelForImageTextToText.from_pretrained(name, **kwargs)


@contextlib.contextmanager
def _explained(name: str, device: Any) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemoryError(
                f"Memory ran out while loading {name}{f' to {device}' if device else ''}. Load it in fewer bits "
                "(dtype='bfloat16', or quantization_config=BitsAndBytesConfig(load_in_4bit=True)), spread it over "
                f"devices (device_map='auto'), or take a smaller model. ({error})"
            ) from error
        if isinstance(error, OSError):
            if Path(name).expanduser().is_dir():
                raise ModelLoadError(
                    f"The model in {Path(name).expanduser().resolve()} could not be loaded: {error}"
                ) from error
            cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HF_HOME") or "~/.cache/huggingface"
            raise ModelLoadError(
                f"{name!r} could not be loaded. There is no such folder in {Path.cwd()}, so it was looked for on the "
                f"Hugging Face Hub and among what was downloaded before ({cache}): {error}"
            ) from error
        raise


def _has_bfloat16() -> bool:
    with contextlib.suppress(OSError):
        flags = set(Path("/proc/cpuinfo").read_text().split())
        return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})
    return False


def _float32_bytes(config: Any) -> int | None:
    try:
        with torch.device("meta"):
            model = transformers.AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
        return int(4 * sum(parameter.numel() for parameter in model.parameters()))
    except Exception:
        return None


def _free_memory() -> int | None:
    try:
        pages, size = os.sysconf("SC_AVPHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")

    except (AttributeError, ValueError, OSError):
        return None
    return int(pages) * int(size)
