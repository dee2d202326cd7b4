"""LangChain's own example for ChatHuggingFace, with one import changed. Any chat model of the hub goes in its place."""

from langchain_core.messages import HumanMessage, SystemMessage
from langchain_huggingface import HuggingFacePipeline

from agentkit import ChatHuggingFace
from agentkit.sources import EMBEDDED

llm = HuggingFacePipeline.from_model_id(
    model_id=str(EMBEDDED),  # or "Qwen/Qwen3-0.6B", "HuggingFaceTB/SmolLM3-3B", …
    task="text-generation",
    pipeline_kwargs={"max_new_tokens": 64, "do_sample": False},
)
chat_model = ChatHuggingFace(llm=llm)

messages = [SystemMessage("You are a helpful assistant."), HumanMessage("Hello!")]
answer = chat_model.invoke(messages)
print(answer.content)
print(answer.usage_metadata)
