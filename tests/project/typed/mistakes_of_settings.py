"""Mistakes in data, settings, runs and results, with the codes of mypy and pyright; nothing runs this."""

import numpy as np

import btcore as bt

bars = bt.sample_bars("A", "2024-01-02", "2024-03-01")
data = {"A": bars}
times = np.arange(3)

bt.Bars([0], [1.0], [1.0], [1.0], [1.0], intervall="1d")  # call-arg reportCallIssue
bt.Bars([0], [1.0], [1.0], [1.0], [1.0], interval=1.5)  # arg-type reportArgumentType
bt.Bars([0], [1.0], [1.0], [1.0], [1.0], stamp="opn")  # arg-type reportArgumentType
bt.Bars.from_frame(data, intervall="1d")  # call-overload reportCallIssue
bt.Quotes([0], [1.0], [1.0], bid_sizes=[1.0])  # call-arg reportCallIssue
bt.Quotes([0], [1.0], [1.0], crossed="kep")  # arg-type reportArgumentType
bt.Trades([0], [1.0], sise=[1.0])  # call-arg reportCallIssue
bt.read_csv("a.csv", "bars", dst="later_")  # call-overload reportArgumentType
bt.sample_bars("A", "2024-01-02", "2024-03-01", sead=1)  # call-arg reportCallIssue
bt.resample(bars, "1h", calender="XNYS")  # call-arg reportCallIssue
bt.Catalog("catalog").read("A", "day", knd="bars")  # call-arg reportCallIssue
bt.SampleMarket(sead=1)  # call-arg reportCallIssue

bt.Orders(times, "A", "buy", 1.0, limt_price=9.0)  # call-arg reportCallIssue
bt.Signals(bars, None, exit=None)  # call-arg reportCallIssue
bt.Targets(times, "A", 1.0, kind="weigth")  # arg-type reportArgumentType
bt.Targets(times, "A", 1.0, drft=0.1)  # call-arg reportCallIssue
bt.Compiled(0, event="bars")  # call-arg reportCallIssue

bt.Execution(slipage_bps=1.0)  # call-arg reportCallIssue
bt.Execution(slippage_bps="1")  # arg-type reportArgumentType
bt.Execution(limit_fill="tuoch")  # arg-type reportArgumentType
bt.Execution(intrabar="worst")  # arg-type reportArgumentType
bt.Execution.like("vectrbt")  # arg-type reportArgumentType
bt.Instrument(tick_size="a")  # arg-type reportArgumentType
bt.Instrument(tick_sze=0.01)  # call-arg reportCallIssue
bt.Commission(makr_bps=1.0)  # call-arg reportCallIssue
bt.CommissionTier(notionl=1.0, maker_bps=1.0, taker_bps=1.0)  # call-arg reportCallIssue
bt.Slippage(tick=1.0)  # call-arg reportCallIssue
bt.CostModel(commision=None)  # call-arg reportCallIssue
bt.TradingHours(timezon="UTC", week={})  # call-arg reportCallIssue
bt.FloatRange(0, 1, stp=0.1)  # call-arg reportCallIssue
bt.IntRange(1, "5")  # arg-type reportArgumentType
bt.LogUniform(1)  # call-arg reportCallIssue
bt.Choice(5)  # arg-type reportArgumentType
bt.StrategySpec(nam="rsi")  # call-arg reportCallIssue
bt.RunRequest(symbols=["A"], start_date="2024-01-02", end="2024-03-01")  # call-arg reportCallIssue

bt.run(data, "rsi", inital_capital=1e5)  # call-arg reportCallIssue
bt.run(data, "rsi", execution=bt.Instrument())  # arg-type reportArgumentType
bt.run(data, "rsi", intrabar="worst")  # arg-type reportArgumentType
bt.run(data, 5)  # arg-type reportArgumentType
bt.sweep(data, "rsi", {}, comission=1.0)  # call-arg reportCallIssue
bt.sweep(data, "rsi", {}, initial_capital="much")  # arg-type reportArgumentType
bt.sweep(data, "rsi", {}, worker=2)  # call-arg reportCallIssue
bt.leakcheck(data, "rsi", inital_capital=1e5)  # call-arg reportCallIssue
bt.leakcheck(data, "rsi", calendar=5)  # arg-type reportArgumentType
bt.merge(data, krep=True)  # call-arg reportCallIssue
bt.replay(result=None)  # call-arg reportCallIssue

result = bt.run(data, "rsi")
print(result.trade)  # attr-defined reportAttributeAccessIssue
result.profit_by("wekday")  # arg-type reportArgumentType
result.metrics_as("empyrical")  # arg-type reportArgumentType
result.report(fil="page.html")  # call-overload reportCallIssue
swept = bt.sweep(data, "rsi", {"period": [5, 10]})
swept.beste()  # attr-defined reportAttributeAccessIssue
swept.best(metrc="sharpe_ratio")  # call-overload reportCallIssue
print(bt.Strtegy)  # attr-defined reportAttributeAccessIssue
