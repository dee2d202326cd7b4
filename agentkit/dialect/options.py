"""The alternatives that a JSON Schema comes down to: references followed, unions taken apart, types said."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

_DEPTH = 24
_ANNOTATIONS = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
_TYPE_OF = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "object": ("properties", "required", "patternProperties", "minProperties", "maxProperties"),
}
"""The type that a keyword speaks of; where a schema has no type, a value of this type is one that fits."""


def options(schema: Any, root: Mapping[str, Any], *, follow: bool = True, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The schemas of which a value has to fit one: each with one type, with `enum`, or empty for any value at all.

    Args:
        schema: what to take apart.
        root: what `$ref`s refer to.
        follow: whether references are followed that say all there is to say; otherwise they are given as they stand.
        depth: how many references and unions were followed on the way here.
    """
    if not isinstance(schema, Mapping) or depth > _DEPTH:
        yield {}
        return
    rest = {word: value for word, value in schema.items() if word not in _ANNOTATIONS}
    deeper = functools.partial(options, root=root, follow=follow, depth=depth + 1)
    if "$ref" in rest:
        if len(rest) == 1 and not follow:
            yield rest
        else:
            yield from deeper(_merged(target(str(rest.pop("$ref")), root), rest))
        return
    if "allOf" in rest:
        parts = rest.pop("allOf")
        if len(parts) == 1 and not rest:
            yield from deeper(parts[0])
            return
        for part in parts:
            rest = _merged(
                target(str(part["$ref"]), root) if isinstance(part, Mapping) and "$ref" in part else part, rest
            )
        yield from deeper(rest)
        return
    for word in ("anyOf", "oneOf"):
        if word in rest:
            for option in rest.pop(word):
                yield from deeper(_merged(option, rest))
            return
    if "const" in rest:
        rest["enum"] = [rest.pop("const")]
    if isinstance(rest.get("type"), list):
        for one in rest["type"]:
            yield {**rest, "type": one}
        return
    if "type" not in rest and "enum" not in rest:
        speaking = [kind for kind, words in _TYPE_OF.items() if any(word in rest for word in words)]
        rest |= {"type": speaking[0]} if speaking else {}
    yield rest


def target(reference: str, root: Mapping[str, Any]) -> Any:
    """What a reference inside the root refers to; `{}`, which any value fits, where there is nothing."""
    found: Any = root
    for step in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
        step = step.replace("~1", "/").replace("~0", "~")
        found = found.get(step) if isinstance(found, Mapping) else None
    return {} if found is None else found


def _merged(one: Any, other: Mapping[str, Any]) -> Any:
    """A schema for what fits both, as far as one schema can say so."""
    if not isinstance(one, Mapping):
        return dict(other)
    made = {**one, **other}
    if "properties" in one and "properties" in other:
        made["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        made["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    for word, pick in (("minimum", max), ("minLength", max), ("minItems", max), ("maximum", min), ("maxLength", min)):
        if word in one and word in other:
            made[word] = pick(one[word], other[word])
    return made
