"""Traces of turns, sent to whoever collects them. Imported only where the operator has set an address for them."""
