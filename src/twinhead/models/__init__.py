"""A model of your own: its head, what is wrong with it, and its twin with the other one."""
