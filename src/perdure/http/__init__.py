"""The HTTP face: the API, the event stream, the OpenAI-compatible endpoints, and the built pages.

Nothing here decides anything about a turn: handlers check what comes in, run a use case of the engine in one
transaction, and show records as `core.views` draws them.
"""
