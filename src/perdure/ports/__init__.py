"""What the engine asks of the world, as Protocols: a store, a bell, backends.

Adapters (`store`, `bells`, `models`) fulfil them; `bootstrap` chooses which.
"""
