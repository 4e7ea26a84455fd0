"""The role that brings events to sinks, and each kind of sink."""
