"""Looks: cheap, isolated, time-limited ways to find out how a component is."""
