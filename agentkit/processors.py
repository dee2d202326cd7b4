"""Processors: what makes tensors of images, sounds and films, and how its model's conversations are written."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from agentkit.dialect import Dialect
from agentkit.dialect.core import tool_template
from agentkit.dialect.template import TemplateRefusalError, render


def dialect(processor: Any, tokenizer: Any) -> Dialect:
    """The dialect of a processor's chat template, which may read nothing but lists of content blocks."""
    template = tool_template(getattr(processor, "chat_template", None) or tokenizer.chat_template)
    if not template:
        return Dialect.from_tokenizer(tokenizer)  # its error says what to do
    if not _shows(template, "text") and _shows(template, [{"type": "text", "text": "text"}]):
        template = _LISTS_FROM_STRINGS + template
    special = {name: str(getattr(tokenizer, name) or "") for name in ("bos_token", "eos_token")}
    return Dialect(template, tokenizer=tokenizer, **special)


_LISTS_FROM_STRINGS = (
    "{%- set turns = namespace(read=[]) -%}{%- for turn in messages -%}{%- set turns.read = turns.read + "
    "[dict(turn, content=[{'type': 'text', 'text': turn.content}]) if turn.content is string else turn] -%}"
    "{%- endfor -%}{%- set messages = turns.read -%}"
)


def _shows(template: str, content: Any) -> bool:
    try:
        return "text" in render(template, [{"role": "user", "content": content}]).replace("<text", "")
    except TemplateRefusalError:
        return False


def load(model_id: str, model: Any, load_arguments: Mapping[str, Any]) -> Any:
    """The processor of a model that takes more than text; None for all others."""
    if getattr(model.config, "get_text_config", lambda: model.config)() is model.config:
        return None
    from transformers import AutoProcessor

    hub = {key: load_arguments[key] for key in ("trust_remote_code", "revision", "token") if key in load_arguments}
    try:
        loads: Any = AutoProcessor  # it carries no annotations
        processor = loads.from_pretrained(model_id, **hub)
    except (OSError, ValueError, ImportError) as error:
        warnings.warn(f"{model_id} takes text only here: its processor can't be loaded. {error}", stacklevel=2)
        return None
    return processor if getattr(processor, "tokenizer", None) is not None else None
