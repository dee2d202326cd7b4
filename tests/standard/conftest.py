"""What the embedded model itself gets wrong in the standard suites."""

from __future__ import annotations

import pytest

MISTAKES = {
    "test_agent_loop": "asked for the weather in San Francisco, CA, the model asks for two places",
    "test_unicode_tool_call_integration": "the model copies another of the two names of the customer",
}
MISTAKES_SERVED = {
    **MISTAKES,
    "test_structured_few_shot_examples": "where calls are not forced, the model says that no tool fits",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "standard":
            mistakes = MISTAKES_SERVED if item.path.stem == "test_served" else MISTAKES
            if reason := mistakes.get(getattr(item, "originalname", "")):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=False))
