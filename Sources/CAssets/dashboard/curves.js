// Lines against steps. Chart.js draws them where the machine has it (Debian's libjs-chart.js); without it a plain SVG
// with the same lines appears, with a note. Every curve also has its numbers as a table for those who cannot see it.

import { h, replace, setText, svg, table } from "./dom.js";

const MOST_POINTS = 500;
const WIDTH = 600;
const HEIGHT = 260;
const MARGIN = { left: 56, right: 12, top: 12, bottom: 34 };

/** At most `limit` points: evenly chosen, with the first and the last among them. */
export function thinned(points, limit = MOST_POINTS) {
  if (points.length <= limit) return points;
  const stride = (points.length - 1) / (limit - 1);
  return Array.from({ length: limit }, (_, index) => points[Math.round(index * stride)]);
}

/**
 * A chart of `lines: [{label, points: [{x, y}], color: "--blue", dashed}]` with axis titles `x` and `y`. A ceiling is a
 * dashed line of two points.
 */
export function chart({ title, x, y, minimum, maximum }) {
  const figure = h("div", { class: "plot" });
  const note = h("p", { class: "muted" });
  const numbers = h("tbody");
  const details = h("details", {}, h("summary", {}, "The numbers"), table(`${title}, numbers`, [x, y], numbers));
  const element = h("figure", { class: "card" }, h("figcaption", {}, h("h3", {}, title)), figure, note, details);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  let drawn = null;
  let last = null;

  const redraw = () => {
    drawn?.destroy();
    drawn = null;
    if (last) update(...last);
  };
  scheme.addEventListener("change", redraw);

  /** `right`: the x that the axis reaches at least. */
  function update(lines, right = 1) {
    last = [lines, right];
    const thin = lines.map((line) => ({ ...line, points: thinned(line.points) }));
    const axes = { title, x, y, minimum, maximum };
    axes.right = Math.max(right, ...thin.flatMap((line) => line.points.map((point) => point.x)));
    if (globalThis.Chart) drawn = withLibrary(figure, drawn, thin, axes);
    else withoutLibrary(figure, thin, axes);
    setText(note, globalThis.Chart ? "" : "Plain drawing: Chart.js (Debian package libjs-chart.js) is not installed.");
    const main = thin[0]?.points ?? [];
    details.hidden = main.length === 0;
    replace(numbers, main.map((point) => h("tr", {}, h("td", {}, point.x), h("td", {}, point.y))));
  }
  function destroy() {
    scheme.removeEventListener("change", redraw);
    drawn?.destroy();
  }
  return { element, update, destroy };
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function withLibrary(figure, drawn, lines, axes) {
  const datasets = lines.map((line) => ({
    label: line.label,
    data: line.points,
    borderColor: colour(line.color),
    backgroundColor: colour(line.color),
    borderDash: line.dashed ? [6, 5] : [],
    borderWidth: 2,
    pointRadius: line.points.length > 40 || line.dashed ? 0 : 2.5,
    tension: 0,
  }));
  if (drawn) {
    drawn.data.datasets = datasets;
    drawn.options.scales.x.max = axes.right;
    drawn.update("none");
    return drawn;
  }
  const canvas = h("canvas", { role: "img", "aria-label": `${axes.title}: ${axes.y} against ${axes.x}` });
  replace(figure, canvas);
  const axis = (text) => ({
    type: "linear",
    title: { display: true, text, color: colour("--muted") },
    ticks: { color: colour("--muted"), maxTicksLimit: 8 },
    grid: { color: colour("--line") },
  });
  return new globalThis.Chart(canvas, {
    type: "line",
    data: { datasets },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      scales: {
        x: { ...axis(axes.x), min: 0, max: axes.right },
        y: { ...axis(axes.y), suggestedMin: axes.minimum, suggestedMax: axes.maximum },
      },
      plugins: { legend: { labels: { color: colour("--text"), boxHeight: 2, boxWidth: 22 } } },
    },
  });
}

function withoutLibrary(figure, lines, axes) {
  const points = lines.flatMap((line) => line.points).filter((point) => Number.isFinite(point.y));
  const top = Math.max(axes.maximum ?? 0, ...points.map((point) => point.y)) || 1;
  const place = (point) => [
    MARGIN.left + (point.x / axes.right) * (WIDTH - MARGIN.left - MARGIN.right),
    HEIGHT - MARGIN.bottom - (point.y / top) * (HEIGHT - MARGIN.top - MARGIN.bottom),
  ];
  const [x0, y0] = place({ x: 0, y: 0 });
  const [x1, y1] = place({ x: axes.right, y: top });
  const label = (x, y, anchor, text) => svg("text", { x, y, "text-anchor": anchor, class: "tick" }, text);
  const legend = h("ul", { class: "key" }, lines.map((line) =>
    h("li", { class: `key-${line.color.slice(2)}${line.dashed ? " dashed" : ""}` }, line.label)));
  replace(figure, legend, svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": axes.title },
    svg("path", { class: "axis", d: `M${x0} ${y1}V${y0}H${x1}` }),
    label(x0 - 6, y0, "end", "0"), label(x0 - 6, y1 + 8, "end", Number(top.toPrecision(3))),
    label(x1, y0 + 16, "end", axes.right), label(x0, y0 + 30, "start", `${axes.y} against ${axes.x}`),
    lines.map((line) => svg("polyline", {
      class: `line ${line.color.slice(2)}${line.dashed ? " dashed" : ""}`,
      points: line.points.filter((point) => Number.isFinite(point.y)).map((point) => place(point).join(",")).join(" "),
    }))));
}
