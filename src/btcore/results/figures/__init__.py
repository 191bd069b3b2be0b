"""Figures of a result beside its metrics: drawdowns, rolling and calendar returns, profit by group, costs.

Begin with `of_result.ResultFigures`, the properties of a result; each other module is one of them.
"""
