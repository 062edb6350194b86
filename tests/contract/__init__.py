"""What every store must do, whatever database it stands on: one suite over all adapters."""
