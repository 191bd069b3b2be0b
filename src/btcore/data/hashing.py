"""Content hashes."""


def sha256_hex(content: bytes) -> str:
    """The SHA-256 digest of `content`, as 64 hexadecimal digits."""
    import hashlib  # not at the top: it loads OpenSSL, which `import btcore` does not need

    return hashlib.sha256(content).hexdigest()
