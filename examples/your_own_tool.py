"""A tool of your own: a function with type hints and a docstring."""

from agentkit.graphs import create_agent
from langchain_core.tools import tool

from agentkit import ChatHuggingFace

STOCK = {"apples": 31, "pears": 12, "plums": 0}


@tool
def check_stock(item: str) -> str:
    """Check how many pieces of an item are in stock."""
    if item.lower() not in STOCK:
        raise ValueError(f"There is no item {item!r}. The items are: {', '.join(STOCK)}.")
    return f"There are {STOCK[item.lower()]} {item} in stock."


agent = create_agent(ChatHuggingFace.embedded(), [check_stock])

for message in agent.invoke({"messages": [("human", "Check the stock of pears.")]})["messages"]:
    message.pretty_print()
