"""An answer as an object: what the model writes is held to the schema while it writes, and validated after."""

from pydantic import BaseModel

from agentkit import ChatHuggingFace


class Person(BaseModel):
    """A person."""

    name: str
    age: int
    city: str


model = ChatHuggingFace.embedded().with_structured_output(Person)
person = model.invoke("Maria is 34 years old and lives in Hamburg.")
print(repr(person))
