"""Who is calling: callers, the in-memory directory, sealing, passwords, the replay window, sessions."""
