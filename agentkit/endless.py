"""JSON Schemas that only values without end would fit, such as an object that requires one of its own kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentkit.dialect.options import target


def endless(schema: Mapping[str, Any]) -> str | None:
    """The JSON path of what requires itself; None where there is an end."""
    return _endless(schema, schema, "$", (), set())


def _endless(part: Any, root: Mapping[str, Any], path: str, above: tuple[str, ...], ending: set[str]) -> str | None:
    """As `endless`, of a part on the way from the references `above`; those in `ending` are known to end."""
    if not isinstance(part, Mapping) or "enum" in part or "const" in part:
        return None
    if "$ref" in part:
        reference = str(part["$ref"])
        if reference in above:
            return path
        if reference not in ending:
            if found := _endless(target(reference, root), root, path, (*above, reference), ending):
                return found
            ending.add(reference)
    needed = [(f"{path}.allOf[{i}]", each) for i, each in enumerate(part.get("allOf") or ())]
    if _is(part, "object"):
        properties = part.get("properties") or {}
        needed += [(f"{path}.properties.{key}", properties.get(key)) for key in part.get("required") or ()]
    if _is(part, "array"):
        first = part.get("prefixItems") or []
        count = int(part.get("minItems") or 0)
        needed += [(f"{path}.prefixItems[{i}]", each) for i, each in enumerate(first[:count])]
        needed += [(f"{path}.items", part.get("items"))] if count > len(first) else []
    for place, each in needed:
        if found := _endless(each, root, place, above, ending):
            return found
    for word in ("anyOf", "oneOf"):
        ends = [
            _endless(each, root, f"{path}.{word}[{i}]", above, ending) for i, each in enumerate(part.get(word) or ())
        ]
        if ends and all(ends):
            return ends[0]
    return None


def _is(part: Mapping[str, Any], kind: str) -> bool:
    """Whether all values are of this type: what a schema asks of one type, values of another pass by."""
    return part.get("type") in (kind, [kind])
