"""LangGraph graphs: agents as compiled graphs."""

from agentkit.graphs.agent import AgentState, create_agent

__all__ = ["AgentState", "create_agent"]
