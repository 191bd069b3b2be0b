// Draws what is in view, which rows.js finds; moves the view, reads values, and colours.

const MARKS = 500;
const COLOURS = {
  light: {paper: "#ffffff", ink: "#1b2430", soft: "#64707f", line: "#e4e8ee", blue: "#2563eb", red: "#d1343f",
    teal: "#0f8a7e", up: "#0f8a7e", down: "#d1343f", buy: "#1d4ed8", sell: "#b45309", limit: "#0f8a7e", stop: "#d1343f",
    touch: "#7c3aed", line0: "#b45309", line1: "#7c3aed", line2: "#0369a1", line3: "#be185d", line4: "#4d7c0f",
    line5: "#57534e"},
  dark: {paper: "#12161d", ink: "#e6eaf0", soft: "#93a0b0", line: "#272e39", blue: "#6ea0ff", red: "#ff6b74",
    teal: "#45c4b5", up: "#45c4b5", down: "#ff6b74", buy: "#7db0ff", sell: "#ffb454", limit: "#45c4b5", stop: "#ff6b74",
    touch: "#b794ff", line0: "#ffb454", line1: "#b794ff", line2: "#58c4f5", line3: "#ff8cc6", line4: "#a3d95b",
    line5: "#c8c2bc"},
};
const element = name => document.getElementById(name);
const all = [x.start, x.end];
const money = new Intl.NumberFormat("en", {minimumFractionDigits: 2, maximumFractionDigits: 2});
const short = value => value == null || Number.isNaN(value) ? "" : String(Number(value.toPrecision(12)));

function timeText(ms) {  // to the microsecond, without zeros at the end
  const whole = Math.floor(ms), micro = Math.round((ms - whole) * 1000);
  const text = new Date(whole + Math.floor(micro / 1000)).toISOString().replace("T", " ").slice(0, -1);
  const digits = text.slice(-3) + String(micro % 1000).padStart(3, "0");
  const fraction = digits.replace(/0+$/, "");
  return text.slice(0, -4) + (fraction ? "." + fraction : "") + " UTC";
}

function fit(name, ...values) {
  const range = parts["range " + name];
  if (!range) return;
  let low = Infinity, high = -Infinity;
  for (const column of values)
    for (const value of column) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  if (low > high) [low, high] = [0, 1];
  const room = (high - low) * 0.06 || Math.abs(low) * 0.01 || 1;
  range.setv({start: low - room, end: high + room});
}

const put = (name, data) => { const source = parts[name]; if (source) source.data = data; };
const take = (rows, most) => rows.length <= most ? rows
  : Array.from({length: most}, (_, i) => rows[Math.floor(i * rows.length / most)]);

function drawCandles(candles) {
  for (const [name, rises] of [["up", true], ["down", false]]) {
    const part = candles.filter(row => (row.close >= row.open) === rises);
    const room = row => 0.12 * (row.right - row.start);
    put(name, {x: part.map(row => (row.start + row.right) / 2), left: part.map(row => row.start + room(row)),
      right: part.map(row => row.right - room(row)), open: part.map(row => row.open), high: part.map(row => row.high),
      low: part.map(row => row.low), close: part.map(row => row.close)});
  }
}

function drawFills(shown) {
  const fills = shown.fills, prices = [];
  const inView = [];
  const first = firstAtOrAfter(fills.time, x.start);
  for (let i = first; i < fills.time.length && fills.time[i] <= x.end; i++) inView.push(i);
  const drawn = take(inView, MARKS);
  for (const [name, buy] of [["buys", 1], ["sells", 0]]) {
    const part = drawn.filter(i => fills.buy[i] === buy);
    prices.push(part.map(i => fills.price[i]));
    put(name, {x: part.map(i => fills.time[i]), y: part.map(i => fills.price[i]),
      side: part.map(() => buy ? "buy" : "sell"),
      quantity: part.map(i => short(fills.quantity[i])), price: part.map(i => short(fills.price[i])),
      time: part.map(i => timeText(fills.time[i])), order: part.map(i => short(fills.order[i])),
      profit: part.map(i => Number.isNaN(fills.profit[i]) ? "none realised" : money.format(fills.profit[i])),
      tag: part.map(i => fills.tag[i] ?? "")});
  }
  return {prices, drawn: drawn.length, all: inView.length};
}

function drawLevels(shown) {
  const levels = shown.levels, inView = [];
  for (let i = 0; i < levels.start.length && levels.start[i] <= x.end; i++)
    if (levels.end[i] >= x.start) inView.push(i);
  const drawn = take(inView, MARKS);
  ["limits", "stops", "touches"].forEach((name, kind) => {
    const part = drawn.filter(i => levels.kind[i] === kind);
    put(name, {start: part.map(i => levels.start[i]), end: part.map(i => levels.end[i]),
      price: part.map(i => levels.price[i]), kind: part.map(() => ["limit", "stop", "touch"][kind]),
      side: part.map(i => levels.buy[i] ? "buy" : "sell"), order: part.map(i => short(levels.order[i]))});
  });
  return {drawn: drawn.length, all: inView.length};
}

function drawLines(shown) {
  const byPanel = new Map([["prices", []]]);
  for (const name of Object.keys(parts)) {
    if (!name.startsWith("line ")) continue;
    const line = shown.lines.get(name.slice(5));
    const found = line ? held(visiblePoints(line)) : {x: [], y: []};
    const panel = line && line.panel ? "lines " + line.panel : "prices";
    byPanel.set(panel, [...(byPanel.get(panel) ?? []), found.y]);
    put(name, found);
  }
  for (const [panel, values] of byPanel) if (panel !== "prices") fit(panel, ...values);
  return byPanel.get("prices");
}

// Hides what only other symbols have: panels of indicators, and names in legends.
const entries = object => object instanceof Map ? [...object] : Object.entries(object);
function hideOthers() {
  const lines = market(chosen).lines, panels = new Set(Array.from(lines.values(), line => "lines " + line.panel));
  const own = entries(parts.own);
  for (const [panel, model] of own) model.visible = panels.has(panel);
  for (const model of [parts.figures[0], ...own.map(([, model]) => model)])
    for (const legend of model.center.filter(each => each.type === "Legend")) {
      for (const item of legend.items) item.visible = lines.has(item.label.value);
      legend.visible = legend.items.some(item => item.visible);
    }
}

let last = null;
function draw() {
  const shown = market(chosen), found = visiblePrices(shown);
  parts["title prices"].text = chosen || "Price";
  drawCandles(found.candles);
  put("ticks", found.ticks);
  const fills = drawFills(shown), levels = drawLevels(shown), lines = drawLines(shown);
  const extremes = [found.candles.map(row => row.high), found.candles.map(row => row.low), found.ticks.y];
  fit("prices", ...extremes, ...fills.prices, ...lines);
  const withVolume = shown.rows && shown.rows.volume ? found.candles : [];
  put("volumes", {left: withVolume.map(row => row.start), right: withVolume.map(row => row.right),
    top: withVolume.map(row => row.volume)});
  fit("volume", [0], withVolume.map(row => row.volume));
  const account = {};
  for (const name of ["equity", "benchmark", "drawdown", "exposure"]) account[name] = visiblePoints(contents[name]);
  account.exposure = held(account.exposure);
  for (const name of Object.keys(account)) put(name, account[name]);
  const position = held(visiblePoints(shown.position));
  put("position", position);
  fit("position", [0], position.y);
  fit("equity", account.equity.y, account.benchmark.y);
  fit("drawdown", [0], account.drawdown.y);
  fit("exposure", [0], account.exposure.y);
  const part = (what, name) => what.drawn < what.all
    ? ` · ${count.format(what.drawn)} of ${count.format(what.all)} ${name} in view; zoom in for all` : "";
  element("step").textContent = [chosen, found.text].filter(Boolean).join(": ") + part(fills, "fills")
    + part(levels, "limits and stops");
  last = found;
  document.documentElement.dataset.drawn = `${x.start} ${x.end} ${chosen}`;
}

// Draws at once, so that Bokeh paints one time, and then not before the next frame.
let busy = false, again = false;
function changed() {
  again = busy;
  if (busy) return;
  busy = true;
  draw();
  requestAnimationFrame(() => {
    busy = false;
    if (again) changed();
  });
}

// Zoom and pan by buttons and keys.
function show(start, end) {
  const width = Math.min(end - start, all[1] - all[0]);
  const first = Math.min(Math.max(start, all[0]), all[1] - width);
  x.setv({start: first, end: first + width});
}
const scaled = factor => {
  const middle = (x.start + x.end) / 2, half = factor * (x.end - x.start) / 2;
  show(middle - half, middle + half);
};
const moved = share => show(x.start + share * (x.end - x.start), x.end + share * (x.end - x.start));
let atFill = -1;
function toFill(step) {
  const shown = market(chosen), time = shown.fills.time;
  if (!time.length) return;
  const middle = (x.start + x.end) / 2;
  if (atFill < 0 || Math.abs(time[atFill] - middle) > (x.end - x.start) / 4)
    atFill = step > 0 ? firstAtOrAfter(time, x.start) - 1 : firstAtOrAfter(time, x.end);
  atFill = Math.min(Math.max(atFill + step, 0), time.length - 1);
  const at = time[atFill], rows = shown.rows;
  let half = (all[1] - all[0]) / 50;
  if (rows && rows.n) {
    const i = firstAtOrAfter(rows.end, at), reach = Math.max(Math.floor(60 / shown.step), 2);
    half = (rows.end[Math.min(i + reach, rows.n - 1)] - rows.start[Math.max(i - reach, 0)]) / 2 || half;
  }
  show(at - half, at + half);
}
const actions = {
  in: () => scaled(0.5), out: () => scaled(2), earlier: () => moved(-0.25), later: () => moved(0.25),
  all: () => show(all[0], all[1]), before: () => toFill(-1), next: () => toFill(1),
};
const keys = {"+": "in", "=": "in", "-": "out", ArrowLeft: "earlier", ArrowRight: "later", "0": "all", p: "before",
  n: "next"};
for (const button of document.querySelectorAll("button[data-do]"))
  button.addEventListener("click", () => actions[button.dataset.do]());
document.addEventListener("keydown", event => {
  const name = keys[event.key];
  if (!name || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
  event.preventDefault();
  actions[name]();
});
const select = element("symbol");
if (select) select.addEventListener("change", () => {
  chosen = select.value;
  atFill = -1;
  element("readout").textContent = "";
  hideOthers();
  changed();
});

// The line of values under the pointer.
function valueAt(line, at) {
  const time = line.time, i = firstAtOrAfter(time, at + 1e-6) - 1;
  return i < 0 ? null : line.value[i];
}
function readOut(at) {
  const texts = [timeText(at)];
  const row = last && last.candles.find(candle => candle.start <= at && at < Math.max(candle.end, candle.start + 1e-6));
  if (row) texts.push(["open", "high", "low", "close"].map(name => `${name} ${short(row[name])}`).join(" "));
  else if (last && last.ticks.x.length) {
    const price = last.ticks.y[firstAtOrAfter(last.ticks.x, at + 1e-6) - 1];
    if (price === price && price !== undefined) texts.push(`price ${short(price)}`);
  }
  const shown = market(chosen);
  texts.push(`position ${short(valueAt(shown.position, at) ?? 0)}`);
  for (const [name, text] of [["equity", money.format], ["drawdown", value => Math.abs(value).toFixed(2) + " %"]]) {
    const value = valueAt(contents[name], at);
    if (value !== null) texts.push(`${name} ${text(value)}`);
  }
  element("readout").textContent = texts.join(" · ");
}
for (const model of parts.figures) model.on_event("mousemove", event => readOut(event.x));

// On a touch screen a finger scrolls the page and two zoom; buttons move. A narrow axis has few labels.
if (matchMedia("(pointer: coarse)").matches) for (const pan of parts.pans) pan.active = false;
function label() {
  const most = Math.max(Math.floor((element("chart").clientWidth - 90) / 140), 3);
  for (const ticker of parts.tickers) {
    ticker.desired_num_ticks = most;
    for (const part of ticker.tickers) part.desired_num_ticks = most;
  }
}
addEventListener("resize", label);
label();

// Colours follow the light or dark mode of the browser; paper is always light.
const dark = matchMedia("(prefers-color-scheme: dark)"), print = matchMedia("print");
function paint() {
  const colours = COLOURS[dark.matches && !print.matches ? "dark" : "light"];
  for (const [model, property, role] of roles) model.setv({[property]: colours[role]});
}
dark.addEventListener("change", paint);
print.addEventListener("change", paint);
paint();
hideOthers();
x.change.connect(changed);
draw();
