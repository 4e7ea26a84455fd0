"""The steps by which the records came to their present form, oldest first; `store.migrate` applies them."""
