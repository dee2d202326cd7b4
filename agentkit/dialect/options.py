"""The alternatives that a JSON Schema comes down to: references followed, unions taken apart, types said."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

_DEPTH = 24
_ANNOTATIONS = {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
LEFT = "x-left"
"""Where a schema put together from several holds the keywords that it leaves out."""
_LARGER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_SMALLER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
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
    if schema is False:
        return
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
        rest = _merged({"enum": [rest.pop("const")]}, rest)
    if "enum" in rest:
        fits = Draft202012Validator({**root, **rest} if "$ref" in str(rest) else rest).is_valid
        if fitting := [value for value in rest["enum"] if fits(value)]:
            yield {"enum": fitting}
        return
    if isinstance(rest.get("type"), list):
        for one in rest["type"]:
            yield {**rest, "type": one}
        return
    if "type" not in rest:
        speaking = [kind for kind, words in _TYPE_OF.items() if any(word in rest for word in words)]
        rest |= {"type": speaking[0]} if speaking else {}
    yield rest


def target(reference: str, root: Mapping[str, Any]) -> Any:
    """What a reference inside the root refers to; where there is nothing, what any value fits, with `LEFT`."""
    found: Any = root
    name = reference.removeprefix("#")
    if reference in {"#", root.get("$id")}:
        return root
    if not name.startswith("/"):
        return next(_anchored(name, reference, root), {LEFT: ["$ref"]})
    for step in name.strip("/").split("/"):
        step = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            found = found.get(step) if isinstance(found, Mapping) else None
    return {LEFT: ["$ref"]} if found is None else found


def _anchored(name: str, reference: str, part: Any) -> Iterator[Any]:
    """The schemas in a schema that bear this anchor or this id."""
    if isinstance(part, Mapping):
        if (name and name in {part.get("$anchor"), part.get("$dynamicAnchor")}) or reference == part.get("$id"):
            yield part
        for inner in part.values():
            yield from _anchored(name, reference, inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _anchored(name, reference, inner)


def recursive(schema: Any) -> bool:
    """Whether a reference in it leads back to where it stands."""

    def leads_back(part: Any, passed: tuple[str, ...]) -> bool:
        if isinstance(part, list):
            return any(leads_back(inner, passed) for inner in part)
        if not isinstance(part, Mapping):
            return False
        reference = part.get("$ref")
        if isinstance(reference, str):
            return reference in passed or leads_back(target(reference, schema), (*passed, reference))
        return any(leads_back(inner, passed) for key, inner in part.items() if key not in {"$defs", "definitions"})

    return leads_back(schema, ())


def _merged(one: Any, other: Mapping[str, Any]) -> Any:
    """A schema for what fits both; `LEFT` holds the keywords of which it can say only the one's."""
    if not isinstance(one, Mapping):
        return dict(other) if one is not False else {"enum": []}
    made = {**one, **other}
    for word in one.keys() & other.keys():
        a, b = one[word], other[word]
        if a == b:
            continue
        if word in {"properties", "$defs", "definitions"}:
            made[word] = {
                **a,
                **b,
                **{key: {"allOf": [a[key], b[key]]} for key in a.keys() & b.keys() if a[key] != b[key]},
            }
        elif word == "required":
            made[word] = list(dict.fromkeys([*a, *b]))
        elif word in _LARGER:
            made[word] = max(a, b)
        elif word in _SMALLER:
            made[word] = min(a, b)
        elif word == "enum":
            made[word] = [value for value in a if value in b]
        elif word == "type":
            made[word] = _common(a, b)
        elif word not in _ANNOTATIONS and word != LEFT:
            made[LEFT] = [*one.get(LEFT, ()), *other.get(LEFT, ()), word]
    return made


def _common(one: str | list[str], other: str | list[str]) -> str | list[str]:
    """The types that two schemas share."""
    a, b = ([kinds] if isinstance(kinds, str) else kinds for kinds in (one, other))
    shared = [kind for kind in a if kind in b or (kind == "integer" and "number" in b)]
    shared += [kind for kind in b if kind == "integer" and "number" in a and kind not in shared]
    return shared[0] if len(shared) == 1 else shared
