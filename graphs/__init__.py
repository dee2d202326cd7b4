"""LangGraph graphs: agents as compiled graphs."""

from agentkit.graphs.agent import create_agent
from agentkit.graphs.approval import Decision, ProposedCall
from agentkit.graphs.context import ContextPolicy, shorten
from agentkit.graphs.counting import Counter
from agentkit.graphs.limits import Limits
from agentkit.graphs.state import AgentRun, AgentState, Shortened

__all__ = [
    "AgentRun",
    "AgentState",
    "ContextPolicy",
    "Counter",
    "Decision",
    "Limits",
    "ProposedCall",
    "Shortened",
    "create_agent",
    "shorten",
]
