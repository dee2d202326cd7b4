"""How one model family writes a conversation, learned from its chat template."""

from agentkit.dialect.core import Dialect
from agentkit.dialect.syntax import Arguments, Calls, Reasoning, Syntax

__all__ = ["Arguments", "Calls", "Dialect", "Reasoning", "Syntax"]
