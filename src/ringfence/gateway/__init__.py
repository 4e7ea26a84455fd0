"""The way of a call: identify, authorize, limit, validate, forward."""
