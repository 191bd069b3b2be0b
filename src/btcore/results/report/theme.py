"""The style sheets of charts and reports, and the script of a report."""

# Colours follow the light or dark mode of the browser; the page uses the variables that the chart defines.
STYLE = """
.bt{--paper:#fff;--ink:#1b2430;--soft:#64707f;--line:#e4e8ee;--blue:#2563eb;--red:#d1343f;--teal:#0f8a7e;
font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media(prefers-color-scheme:dark){.bt{--paper:#12161d;--ink:#e6eaf0;--soft:#93a0b0;--line:#272e39;
--blue:#6ea0ff;--red:#ff6b74;--teal:#45c4b5}}
.bt-paper{fill:var(--paper)}.bt-grid{stroke:var(--line);fill:none}
.bt-base{stroke:var(--soft);stroke-dasharray:4 4;opacity:.7}
.bt-other{stroke:var(--soft);fill:none;stroke-width:1.2;stroke-linejoin:round}
.bt-name{fill:var(--ink);font-size:13px;font-weight:600}.bt-tick{fill:var(--soft);font-size:11.5px}
.bt-title{fill:var(--ink);font-size:18px;font-weight:650}.bt-under{fill:var(--soft);font-size:12.5px}
.bt-curve{fill:none;stroke-width:1.6;stroke-linejoin:round}.bt-area{opacity:.13;stroke:none}
.bt-blue{stroke:var(--blue)}.bt-red{stroke:var(--red)}.bt-teal{stroke:var(--teal)}
.bt-area.bt-blue{fill:var(--blue)}.bt-area.bt-red{fill:var(--red)}.bt-area.bt-teal{fill:var(--teal)}
"""

PAGE_STYLE = """
:root{color-scheme:light dark}body{margin:0;background:var(--back)}
.bt{--back:#f5f7fa;color:var(--ink);font-size:14px;line-height:1.45}
@media(prefers-color-scheme:dark){.bt{--back:#0b0e13}}
main{max-width:1140px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:23px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:16px;margin:34px 0 10px}
.soft{color:var(--soft)}.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:22px 0}
.card,.box{background:var(--paper);border:1px solid var(--line);border-radius:8px}
.card{padding:12px 14px}.card b{display:block;font-size:21px;font-variant-numeric:tabular-nums}
.groups{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:14px}
.groups td:first-child{white-space:normal}
.box{padding:10px 14px;overflow:auto}.box.tall{max-height:430px;padding:0 14px 10px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{padding:4px 0 4px 14px;text-align:right;white-space:nowrap;border-top:1px solid var(--line)}
tr:first-child>td,thead th{border-top:0}td:first-child,th:first-child{text-align:left;padding-left:0}
td.word,th.word{text-align:left}th{font-weight:600;color:var(--soft)}
.tall thead th{position:sticky;top:0;background:var(--paper);box-shadow:0 1px var(--line);padding-top:10px}
.down{color:var(--red)}.up{color:var(--teal)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0}summary{cursor:pointer}
.chart{position:relative;border:1px solid var(--line);border-radius:8px;overflow:hidden}
.chart svg{display:block;width:100%}
#tip,#rule{position:absolute;display:none;pointer-events:none}
#tip{top:8px;background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:4px 9px;
font-size:12px;white-space:pre;font-variant-numeric:tabular-nums}
#rule{top:0;bottom:0;width:1px;background:var(--soft)}
"""

# The tooltip shows the drawn point nearest to the pointer, found by binary search.
SCRIPT = """
const points = JSON.parse(document.getElementById("points").textContent);
const chart = document.querySelector(".chart");
const tip = document.getElementById("tip"), rule = document.getElementById("rule");
const money = new Intl.NumberFormat("en", {maximumFractionDigits: 2});
chart.addEventListener("mousemove", event => {
  const box = chart.getBoundingClientRect(), x = (event.clientX - box.left) / box.width;
  let at = 0, last = points.x.length - 1;
  while (at < last) {
    const middle = (at + last) >> 1;
    if (points.x[middle] < x) at = middle + 1; else last = middle;
  }
  if (at && x - points.x[at - 1] < points.x[at] - x) at--;
  tip.textContent = points.t[at].replace("T", " ").replace("Z", " UTC")
    + "\\nequity " + money.format(points.e[at]) + "\\ndrawdown " + points.d[at].toFixed(2) + " %";
  tip.style.display = rule.style.display = "block";
  const place = points.x[at] * box.width, wide = tip.offsetWidth;
  rule.style.left = place + "px";
  tip.style.left = (place + wide + 16 < box.width ? place + 10 : place - wide - 10) + "px";
});
chart.addEventListener("mouseleave", () => { tip.style.display = rule.style.display = "none"; });
"""
