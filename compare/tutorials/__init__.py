"""The first tutorial of each package, run by itself on the data of its page in docs/coming_from."""
