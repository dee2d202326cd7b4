"""An agent with two tools on the small model that ships inside: no download, no token, no GPU."""

from agentkit.graphs import create_agent
from agentkit.tools import calculator, search

from agentkit import ChatHuggingFace

model = ChatHuggingFace.embedded()
agent = create_agent(model, [calculator, search])

for question in ["What is 37593 * 67?", "Who wrote Dune?", "What is the population of France divided by 2?"]:
    state = agent.invoke({"messages": [("human", question)]})
    for message in state["messages"]:
        message.pretty_print()
