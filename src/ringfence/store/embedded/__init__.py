"""Engines for one machine: SQLite and LMDB."""
