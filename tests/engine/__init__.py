"""The use cases, over the real store and a backend that fails on cue."""
