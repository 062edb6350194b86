"""What only the SQLite store promises: processes, locks, disks and migrations."""
