"""The names of all findings, whether they change the results of a run, and what each is."""

from typing import NamedTuple


class Meaning(NamedTuple):
    """Whether a finding changes results, and what it says."""

    changes_results: bool
    text: str


FINDINGS: dict[str, Meaning] = {
    "refused": Meaning(True, "the reader refuses the file or table"),
    "empty": Meaning(True, "there are no rows"),
    "unsorted_rows": Meaning(True, "rows of a refused file are not in order of time"),
    "duplicate_bars": Meaning(True, "bars of a refused file have the timestamp of another"),
    "missing_values": Meaning(True, "rows of a refused file have no value in a column that is needed"),
    "missing_sessions": Meaning(True, "a session has no row at all"),
    "long_gaps": Meaning(True, "nothing for more than three times as long as is usual in the data"),
    "other_clock": Meaning(
        True, "many more rows would be in the sessions if all were some hours later or earlier"
    ),
    "days_without_session": Meaning(True, "bars of days or longer without any time in a session"),
    "stray_weekend_days": Meaning(True, "a few bars on a weekend, where the others are on weekdays"),
    "future_times": Meaning(True, "rows later than the clock of this computer"),
    "outliers": Meaning(True, "a price 50 % or more off its neighbours, for five rows at most"),
    "split_jumps": Meaning(True, "a jump near the ratio of a split that the instrument does not have"),
    "splits_without_jump": Meaning(True, "a split of the instrument at which the price does not change"),
    "unchanged_prices": Meaning(
        True, "one price for five bars of days, or for ten adjacent bars and an hour"
    ),
    "crossed_quotes": Meaning(True, "the bid is above the ask"),
    "stale_quotes": Meaning(True, "ten quotes or more that are all the same, over an hour or more"),
    "doubled_rows": Meaning(
        True, "a third of the trades or more equal the one before: they may be there twice"
    ),
    "missing_bars": Meaning(
        False, "single bars are missing in a session; vendors leave out bars without trades"
    ),
    "outside_sessions": Meaning(False, "rows outside the sessions, such as extended hours"),
    "weekend_rows": Meaning(False, "rows on a weekend of a market that has most of them on weekdays"),
    "equal_rows": Meaning(False, "ticks equal to the row before in all columns"),
    "equal_times": Meaning(False, "ticks with the time of the row before"),
    "jumps": Meaning(False, "a price changes by 50 % or more and stays, not near the ratio of a split"),
    "zero_volume": Meaning(False, "bars without volume"),
    "unknown_volume": Meaning(False, "no column of volumes or sizes"),
    "locked_quotes": Meaning(False, "bid and ask are equal"),
    "crossed_bars": Meaning(False, "bars of two sides open or close with the bid above the ask"),
    "zero_size_quotes": Meaning(False, "a quote without size on one side or both"),
    "off_tick_prices": Meaning(False, "prices that are no multiple of the instrument's tick"),
    "negative_prices": Meaning(False, "prices of zero or below, which are allowed in these data"),
}
