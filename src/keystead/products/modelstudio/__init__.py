"""The product Model Studio, version 2026-02-10.  Source: reference/model-studio.md b."""
