"""Backends: adapters behind `perdure.ports.models`, and the model server that Perdure runs itself.

What belongs here: speaking to a model endpoint over HTTP (`openai`, `llamacpp`), mapping whatever goes wrong there to
the one tree of errors (`failures`), continuing a reply where another attempt stopped (`continuation`), running the
managed llama.cpp server (`llamacpp_server`) with its starter weights (`weights`), and a scriptable test double
(`scripted`). What does not: retries, timeouts of silence, and anything about turns; those are the engine's.
"""
