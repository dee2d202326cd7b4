"""What the embedded model itself gets wrong in the standard suites."""

from __future__ import annotations

import pytest

MISTAKES = {
    "test_agent_loop": "asked for the weather in San Francisco, CA, the model asks for two places",
    "test_structured_few_shot_examples": "served, where calls are not forced, the model says that no tool fits",
    "test_unicode_tool_call_integration": "the model copies another of the two names of the customer",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if (reason := MISTAKES.get(getattr(item, "originalname", ""))) and "standard" in item.nodeid:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=False))
