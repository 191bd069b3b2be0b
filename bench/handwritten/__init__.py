"""Hand-written loops: a lower bound on the cost of simulating the same orders."""
