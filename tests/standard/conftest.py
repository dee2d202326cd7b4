"""What a server can't do in the standard suites, beside what its flags say."""

from __future__ import annotations

import pytest

NOT_SERVED = {
    "test_bind_runnables_as_tools": "transformers serve knows no tool_choice, and unforced the model sees no need",
    "test_structured_few_shot_examples": "transformers serve knows no tool_choice, which this asks for",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        served = item.path.parent.name == "standard" and item.path.stem == "test_served"
        if served and (reason := NOT_SERVED.get(getattr(item, "originalname", ""))):
            item.add_marker(pytest.mark.skip(reason=reason))
