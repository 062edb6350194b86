"""`perdure top`: how a server is, and what can be done about it, on one screen of the terminal."""
