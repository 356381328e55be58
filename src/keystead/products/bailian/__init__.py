"""The product Bailian: what is left of version 2023-06-01.  Source: reference/model-studio.md a."""
