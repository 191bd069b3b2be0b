"""What tests of interactive charts in a browser share."""

from typing import Any

import btcore as bt

HOURS = bt.sample_bars("AAPL", "2024-01-02", "2024-03-10", "1h")
EVIL = "<img src=x onerror=document.title='run'>"


class Brackets(bt.Strategy):
    """Buys now and then, with a target, a stop, and indicators on the prices and below them."""

    def on_start(self, ctx: bt.Context) -> None:
        ctx.indicator("sma", "AAPL", 20)
        ctx.indicator("rsi", "AAPL", 14)
        self.count = 0

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        self.count += 1
        if bar.symbol == "AAPL" and self.count % 40 == 1:
            price = bar.close
            ctx.bracket("AAPL", 1000, take_profit=1.01 * price, stop_loss=0.99 * price, tag=EVIL)


def drawn(page: Any) -> Any:
    page.wait_for_function("document.documentElement.dataset.drawn")
    return page


def press(page: Any, action: str) -> str:
    """Clicks a button and returns the sentence about the step once the view is another."""
    before = page.evaluate("document.documentElement.dataset.drawn")
    page.click(f"button[data-do={action}]")
    page.wait_for_function("before => document.documentElement.dataset.drawn !== before", arg=before)
    return str(page.inner_text("#step"))
