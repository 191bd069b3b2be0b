"""The equity curve."""

from .model import Exposure, Point


class Curve:
    def write_point(self, ts: int) -> None:
        self.points.append(Point(ts, self.equity, self.cash, self.positions_value))
        for market in self.markets.values():
            for leg, position in market.positions.items():
                if position.quantity:
                    value = self.value_of(market, position.quantity)
                    self.exposures.append(Exposure(ts, market.symbol, position.quantity, value, leg))

    def schedule_point(self) -> None:
        """After an event or a fill, makes the grid point at or after the current time due."""
        if self.grid is not None:
            self.next_grid_point = -(-self.now // self.grid) * self.grid

    def write_grid_point(self) -> None:
        if self.next_grid_point > self.points[-1].timestamp:
            self.write_point(self.next_grid_point)
        self.next_grid_point = None

    def write_last_point(self) -> None:
        if self.now > self.points[-1].timestamp or len(self.points) == 1:
            self.write_point(self.now)
