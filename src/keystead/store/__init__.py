"""What is kept: tables, migrations, statements as functions, the change feed.  Nothing but SQL."""
