"""The same work on other packages: `of_NAME.py` is run by the interpreter of NAME's own environment."""
