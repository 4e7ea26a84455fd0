"""Ringfence: financial-grade API security as one Python package."""

__version__ = "0.1.0"
