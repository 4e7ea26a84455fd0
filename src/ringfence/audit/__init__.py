"""The log of everything that happened: a Merkle tree that nobody can change quietly."""
