"""A model of your own: what its head is, what is wrong with it, and its twin with the other head."""
