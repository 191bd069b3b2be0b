"""The built-in strategies, compiled. `registry` lists them; they share the modules `signal` and `window`."""
