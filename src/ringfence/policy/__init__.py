"""The policy: its model, how it is read, what is wrong with it."""
