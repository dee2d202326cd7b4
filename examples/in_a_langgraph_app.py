"""The agent as a node of a larger LangGraph app: a router sends arithmetic to it and answers the rest itself."""

from agentkit.graphs import create_agent
from agentkit.tools import calculator
from langgraph.graph import END, START, MessagesState, StateGraph

from agentkit import ChatHuggingFace

model = ChatHuggingFace.embedded()
mathematician = create_agent(model, [calculator], name="mathematician")


def route(state: MessagesState) -> str:
    """Questions with digits in them go to the agent."""
    return "mathematician" if any(char.isdigit() for char in state["messages"][-1].text) else "talk"


def talk(state: MessagesState) -> dict[str, list[object]]:
    """The model alone."""
    return {"messages": [model.invoke(state["messages"])]}


app = StateGraph(MessagesState)
app.add_node("mathematician", mathematician)
app.add_node("talk", talk)
app.add_conditional_edges(START, route, ["mathematician", "talk"])
app.add_edge("mathematician", END)
app.add_edge("talk", END)
graph = app.compile()

for question in ["Hello!", "What is 1234 * 5678?"]:
    for message in graph.invoke({"messages": [("human", question)]})["messages"]:
        message.pretty_print()
