"""The simulated exchange, and the loop that drives it.

The headers (`.pxd`) of this package are code: `engine.pyx` includes all of them and compiles to one C file.
A call into another compiled module costs 1 to 2 ns more than an inlined one, and a trade passes through a
dozen of these functions. No other package may cimport them, except `setup`.
"""
