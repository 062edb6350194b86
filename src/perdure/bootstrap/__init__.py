"""Where adapters meet ports: one module for each kind of process. Nothing else chooses an adapter."""
