"""The management API, on a unix socket."""
