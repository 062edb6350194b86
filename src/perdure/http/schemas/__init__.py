"""The JSON of the contract, by aggregate: what comes in is checked here, what goes out is described here."""
