"""The same work on other packages: `of_NAME.py` is run by the Python of an environment that holds NAME."""
