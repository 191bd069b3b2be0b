"""The values of a report, read back from its HTML, and where each of them is in the result."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import numpy as np

VOID = {"meta", "br", "img"}
PLACES = ("row", "col", "key", "group", "status", "reason", "reading")


@dataclass(frozen=True)
class Shown:
    """A value of the page: the part of the result that it is of, its place in it, all digits, its text."""

    of: str
    place: dict[str, str]
    exact: str | None
    text: str


class Page(HTMLParser):
    """Collects the values of a page, and the cells with a digit that are none."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.values: list[Shown] = []
        self.unexplained: list[str] = []
        self._open: list[tuple[str, dict[str, str], list[str]]] = []
        self._columns: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "thead":
            self._columns = []
        if tag == "th" and "data-col" in given:
            self._columns.append(given["data-col"])
        if tag == "tr":
            self._cell = 0
        if tag == "td":
            given["number"] = str(self._cell)
            self._cell += 1
        if tag not in VOID:
            self._open.append((tag, given, []))

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._open:
            texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        name, given, texts = self._open.pop()
        assert name == tag
        text = "".join(texts)
        place = {key: given[f"data-{key}"] for key in PLACES if f"data-{key}" in given}
        above = next((each for at, each, _ in reversed(self._open) if at == "table"), {})
        if "data-of" in given and (tag in ("span", "td", "text")):
            self.values.append(Shown(given["data-of"], place, given.get("data-value"), text))
        elif tag == "td" and "data-of" in above:
            row = next(each["data-row"] for at, each, _ in reversed(self._open) if at == "tr")
            here = {"row": row, "col": self._columns[int(given["number"])]}
            self.values.append(Shown(above["data-of"], here, given.get("data-value"), text))
        elif tag == "td" and given.get("class") not in ("label", "word") and any(c.isdigit() for c in text):
            self.unexplained.append(text)
        if tag == "span" and "data-of" in given:  # a cell around a value has only its other text
            del self._open[-1][2][-len(texts) :]


def value_in(result: Any, shown: Shown) -> Any:
    """The value of the result at that place."""
    place = shown.place
    match shown.of:
        case "metrics":
            return result.metrics[place["key"]]
        case "costs":
            return result.costs[place["key"]]
        case "bounds":
            return getattr(result.bounds, place["reading"])[place["key"]]
        case "manifest":
            part = result.manifest
            for key in place["key"].split("."):
                part = part[int(key)] if isinstance(part, list) else part[key]
            return part
        case "orders":
            is_end = [result.orders[name] == place[name] for name in ("status", "reason")]
            return int(np.sum(is_end[0] & is_end[1]))
        case "profit_by":
            return result.profit_by(place["group"])[place["col"]][int(place["row"])].item()
        case "period_returns":
            return float(getattr(np, place["key"])(result.period_returns["return"]))
    table = getattr(result, shown.of)
    return table[place["col"]][int(place["row"])].item()
