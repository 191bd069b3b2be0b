"""Hand-written loops: the least a simulation of the same orders can cost."""
