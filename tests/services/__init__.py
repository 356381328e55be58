"""What tests start beside themselves: PostgreSQL, Redis and Keystead as a program, all on loopback, all thrown away."""
