"""The way to the signer: what is said over its sockets, and the side that asks."""
