"""The product Bailian Control, version 2024-08-16.  Source: reference/model-studio.md b.8."""
