"""What a catalog says of a dataset: `Dataset`, in an export too, and `Entry`, with its place on disk."""

import msgspec


class Dataset(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A container without its columns: what identifies it, its settings and its content hash.

    `first` and `last` are the timestamps of its first and last row, ns UTC.
    """

    symbol: str
    resolution: str
    kind: str
    source: str  # of bars: the prices that they aggregate, such as "trade" or "mid"; of ticks: ""
    interval: int  # of bars: nominal length in nanoseconds, 0 without one; of ticks: 0
    rows: int
    first: int
    last: int
    columns: dict[str, str]  # name -> dtype
    content_hash: str
    months: int = 0  # of bars of calendar months: their number
    timezone: str | None = None  # of the local clock that the times were written in
    negative_prices: bool = False
    crossed: str = ""  # "keep" if quotes may have bid > ask
    notes: tuple[str, ...] = ()  # of the container

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What identifies the dataset."""
        return self.symbol, self.resolution, self.kind, self.source

    @property
    def name(self) -> str:
        """The dataset in words, without its symbol: "minute bars", "minute bars of mid", "tick quotes"."""
        of_source = f" of {self.source}" if self.source not in {"", "trade"} else ""
        return f"{self.resolution} {self.kind}{of_source}"


class Entry(Dataset, frozen=True, kw_only=True, omit_defaults=True):
    """A dataset of a catalog, with the name of its folder."""

    directory: str
    blocks_hash: str = ""  # of the extremes of blocks beside the columns; "" if there are none
