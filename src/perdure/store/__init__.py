"""The record in SQL: one module for each aggregate, the dialect in one of its own.

The aggregates (`turns`, `messages`, `chats`, `characters`, `events`) are synchronous and run inside a transaction that
somebody else opened; `sqlite.py` opens it. That somebody decides on threads, group commit and durability, so that the
SQL reads as SQL and serves another database unchanged.
"""
