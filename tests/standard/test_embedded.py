"""LangChain's standard suites on the embedded model, with every flag on that is claimed.

Not claimed, and so skipped: PDF, sound and image inputs, images and PDFs in tool messages, recorded HTTP traffic.
"""

from __future__ import annotations

from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from tests.standard.suite import Claims


class TestUnit(Claims, ChatModelUnitTests):
    pass


class TestIntegration(Claims, ChatModelIntegrationTests):
    pass
