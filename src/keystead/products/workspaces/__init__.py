"""Rules of workspaces, members and API keys, which several products show in shapes of their own."""
