"""The statements of Cython source, as ranges of lines, and the parts of one statement."""

from collections.abc import Iterator

OPEN, CLOSE = "([{", ")]}"


def scan(text: str) -> Iterator[tuple[int, str, int]]:
    """(index, kind, depth) of each character; kind is "code", "text" (of a string) or "comment".

    `depth` is the number of brackets that are open before it.
    """
    depth, i, quote = 0, 0, ""
    while i < len(text):
        char = text[i]
        if quote:
            step = 2 if char == "\\" else 1
            if text.startswith(quote, i):
                step = len(quote)
                quote = ""
            yield from ((k, "text", depth) for k in range(i, min(i + step, len(text))))
            i += step
        elif char == "#":
            end = text.find("\n", i)
            end = len(text) if end < 0 else end
            yield from ((k, "comment", depth) for k in range(i, end))
            i = end
        elif char in "'\"":
            quote = char * 3 if text.startswith(char * 3, i) else char
            yield from ((k, "text", depth) for k in range(i, i + len(quote)))
            i += len(quote)
        else:
            depth -= char in CLOSE
            yield i, "code", depth
            depth += char in OPEN
            i += 1


def statements(text: str) -> list[tuple[int, int]]:
    """(begin, end) of each statement: whole lines, in characters of `text`, the line break included."""
    found, begin = [], 0
    for i, kind, depth in scan(text):
        if text[i] == "\n" and kind == "code" and depth == 0 and not text.endswith("\\", begin, i):
            found.append((begin, i + 1))
            begin = i + 1
    if begin < len(text):
        found.append((begin, len(text)))
    return found


def without_comments(text: str) -> str:
    """The text without comments and the blanks before them."""
    kept = "".join(text[i] for i, kind, _ in scan(text) if kind != "comment")
    return "\n".join(line.rstrip() for line in kept.split("\n")).rstrip()


def split_top(text: str, separator: str) -> list[str]:
    """The parts of `text` between separators, one character each, outside of brackets and strings."""
    parts, begin = [], 0
    for i, kind, depth in scan(text):
        if kind == "code" and depth == 0 and text[i] == separator:
            parts.append(text[begin:i])
            begin = i + 1
    return [*parts, text[begin:]]


def split_assignment(text: str) -> tuple[str, str]:
    """(target, value) of `target = value`; the value is empty if there is no assignment."""
    for i, kind, depth in scan(text):
        is_sign = kind == "code" and depth == 0 and text[i] == "="
        if is_sign and text[i + 1 : i + 2] != "=" and text[i - 1] not in "=!<>+-*/%&|^":
            return text[:i], text[i + 1 :]
    return text, ""
