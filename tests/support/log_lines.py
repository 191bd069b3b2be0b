"""The log of a run without the lines that most runs have."""

import btcore as bt

COMMON = ("no costs: ", "end 2")


def said(result: bt.Result) -> list[str]:
    """The log, without the lines about costs and about an end that is a date."""
    return [line for line in result.logs if not line.startswith(COMMON)]
