"""A bad day: one failure after the other, several at once, while people converse; and whether the page told it."""
