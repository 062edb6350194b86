"""Perdure: a character-chat server in which a conversation outlives every failure behind it."""

__version__ = "0.1.0"
