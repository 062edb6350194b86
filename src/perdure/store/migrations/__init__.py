"""Alembic migrations. Each must leave a schema with which the version before it can still work."""
