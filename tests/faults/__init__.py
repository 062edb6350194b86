"""What goes wrong between two programs, for real: a proxy that cuts, stalls and lies, and wrong certificates."""
