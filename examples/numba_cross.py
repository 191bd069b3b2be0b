"""The same moving average crossover in Python and in Numba: equal results, different speed."""

import time

import numpy as np

import btcore as bt
from btcore import jit

STATE = np.dtype([("fast", "f8"), ("slow", "f8"), ("seen", "i8"), ("stance", "i8")], align=True)


@jit.cfunc(STATE)
def cross(own, market, account, out):
    mid = jit.mid(market)
    if own.seen == 0:
        own.fast = own.slow = mid
    own.seen += 1
    own.fast += 0.1 * (mid - own.fast)
    own.slow += 0.001 * (mid - own.slow)
    stance = 1 if own.fast > own.slow else -1
    if stance != own.stance:
        own.stance = stance
        jit.order_target(account, out, 0, 100.0 * stance)
    return 0


class Cross(bt.Strategy):
    def on_start(self, ctx):
        self.fast = self.slow = None
        self.stance = 0

    def on_quote(self, ctx, quote):
        mid = quote.mid
        if self.fast is None:
            self.fast = self.slow = mid
        self.fast += 0.1 * (mid - self.fast)
        self.slow += 0.001 * (mid - self.slow)
        stance = 1 if self.fast > self.slow else -1
        if stance != self.stance:
            self.stance = stance
            ctx.order_target(quote.symbol, 100.0 * stance)


data = {"AAPL": bt.sample_quotes("AAPL", "2024-01-02", "2024-01-09")}
results = {}
for name, strategy in {
    "Python": Cross(),
    "Numba": bt.Compiled(cross, np.zeros(1, STATE), events="quotes"),
}.items():
    began = time.perf_counter()
    results[name] = bt.run(data, strategy, progress=False)
    took = time.perf_counter() - began
    print(f"{name}: {len(data['AAPL']) / took / 1e6:.1f} million quotes a second")

assert results["Python"].orders.tobytes() == results["Numba"].orders.tobytes()
print(f"equal results: {len(results['Numba'].orders)} orders")
