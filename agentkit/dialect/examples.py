"""The marked conversation that templates are probed with: words that no template writes by itself."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Literal

USER, TEXT, THOUGHT, RESULT = "Quvi asks 4711", "Zorbel says 815", "Mintok thinks 77", "Plonk gives 42"
NAMES = ("probe_alpha", "probe_beta")
IDS = ("idAlpha01", "idBeta002")  # some templates insist on nine letters and digits
KEYS = (("akey_one", "bkey_two"), ("ckey_three", "dkey_four"))  # sorted: some templates sort them
STRINGS = (("Wertvier", "Wertsechs"), ("Wertacht", "Wertzehn"))
NUMBERS = ((73101, 73102), (73103, 73104))

VALUES = {"integer": 7, "number": 0.5, "boolean": True, "null": None, "object": {"z": 1}, "array": [1]}
"""A value of each JSON type but string."""
SPECIAL = 'Wert<&>\n"neun"'

Form = Literal["object", "string"]
"""How a template wants the arguments of a call: as an object, or as JSON text."""


@dataclasses.dataclass(frozen=True)
class Call:
    """A call to be rendered, with values that are found again in the rendering."""

    name: str
    id: str
    arguments: dict[str, Any]

    def message(self, form: Form) -> dict[str, Any]:
        """The call as templates read it."""
        arguments: Any = self.arguments if form == "object" else json.dumps(self.arguments, ensure_ascii=False)
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": arguments}}


ID_WITH_NAME = "functions.‹name›:‹index›"
"""What ids look like where a template writes the id in the name's place."""


def telling(call: Call, which: int) -> Call:
    """The call with an id that carries its name."""
    return dataclasses.replace(call, id=f"functions.{call.name}:{which}")


def example(which: int, values: tuple[tuple[Any, Any], tuple[Any, Any]] = STRINGS) -> Call:
    """The first or second example call."""
    return Call(NAMES[which], IDS[which], dict(zip(KEYS[which], values[which], strict=True)))


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "A tool.",
            "parameters": {
                "type": "object",
                "properties": {key: {"type": "string", "description": "A word."} for key in keys},
                "required": list(keys),
            },
        },
    }
    for name, keys in zip(NAMES, KEYS, strict=True)
]
