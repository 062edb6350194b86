"""The health process: it looks at every component, keeps incidents, and knows what to tell of them.

It is a process of its own, so that it dies with none of those that it watches, and it keeps a ledger of its own, so
that a record that cannot be written is no reason to forget since when.
"""
