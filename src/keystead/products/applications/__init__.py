"""The product Bailian, version 2023-12-29: applications, prompts, memories, knowledge.  Source: model-studio.md c."""
