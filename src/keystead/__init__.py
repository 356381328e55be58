"""Keystead: who may call which GenAI model or application, decided on the vendor's own wire."""

__version__ = "0.1.0"
