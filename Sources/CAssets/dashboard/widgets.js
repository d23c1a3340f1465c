// The pieces that several views share: state pills, progress bars, budget gauges, rows of facts.

import { h, setText, setVariables } from "./dom.js";
import { count, lower, percent, small, upper, words } from "./format.js";

// A state is told by its glyph and its word; colour only helps.
const STATES = {
  queued: ["○", "waiting"],
  running: ["▶", "active"],
  pausing: ["…", "active"],
  paused: ["‖", "waiting"],
  cancelling: ["…", "active"],
  succeeded: ["✓", "good"],
  failed: ["✕", "bad"],
  cancelled: ["⊘", "ended"],
  budget_stopped: ["■", "bad"],
  timed_out: ["■", "bad"],
  active: ["●", "good"],
  frozen: ["■", "waiting"],
  exhausted: ["✕", "bad"],
};

const ENDED = new Set(["succeeded", "failed", "cancelled", "budget_stopped", "timed_out"]);

export function hasEnded(job) {
  return ENDED.has(job.state);
}

export function statePill() {
  const glyph = h("span", { "aria-hidden": "true", class: "glyph" });
  const label = h("span");
  const element = h("span", { class: "pill" }, glyph, label);
  return {
    element,
    update(state) {
      const [mark, tone] = STATES[state] ?? ["?", "ended"];
      setText(glyph, mark);
      setText(label, words(state));
      element.dataset.tone = tone;
    },
  };
}

export function progressBar() {
  const text = h("span", { class: "progress-text" });
  const bar = h("div", { class: "progress", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 },
    h("div", { class: "progress-fill" }));
  const element = h("div", { class: "progress-box" }, bar, text);
  return {
    element,
    update(progress) {
      const fraction = Math.min(1, Math.max(0, progress?.fraction ?? 0));
      const label = progress ? `${count(progress.step)} of ${count(progress.steps)} steps` : "no steps yet";
      setVariables(bar, { "--fraction": fraction });
      bar.setAttribute("aria-valuenow", Math.floor(100 * fraction));
      bar.setAttribute("aria-valuetext", label);
      bar.setAttribute("aria-label", "Progress");
      setText(text, `${Math.floor(100 * fraction)} % · ${label}`);
    },
  };
}

/** The stacked bar of a budget with its numbers: spent, reserved, free. */
export function budgetGauge({ link = true } = {}) {
  const title = link ? h("a") : h("span");
  const dataset = h("p", { class: "muted" });
  const pill = statePill();
  const parts = ["spent", "reserved", "free"].map((name) => ({
    name,
    segment: h("div", { class: `segment ${name}` }),
    number: h("dd"),
  }));
  const stack = h("div", { class: "stack", role: "img" }, parts.map((part) => part.segment));
  const numbers = h("dl", { class: "legend" }, parts.map((part) =>
    h("div", {}, h("dt", {}, h("span", { class: `swatch ${part.name}`, "aria-hidden": "true" }), words(part.name)),
      part.number)));
  const lifetime = h("p", { class: "muted" });
  const element = h("article", { class: "card gauge" },
    h("header", {}, h("h3", {}, title), pill.element), dataset, stack, numbers, lifetime);
  return {
    element,
    update(budget) {
      setText(title, link ? budget.name : "Balance");
      if (link) title.setAttribute("href", `#/budgets/${encodeURIComponent(budget.id)}`);
      setText(dataset, `${budget.parent ? "Quota on" : "On"} ${budget.dataset} · protects ${unit(budget)}`);
      pill.update(budget.state);
      const limit = budget.limit.epsilon;
      const amounts = { spent: budget.spent.epsilon, reserved: budget.reserved.epsilon, free: budget.remaining.epsilon };
      const shares = stackShares(amounts, limit);
      for (const part of parts) {
        setVariables(part.segment, { "--share": shares[part.name] });
        setText(part.number, `ε ${part.name === "free" ? lower(amounts.free) : upper(amounts[part.name])}`);
      }
      stack.setAttribute("aria-label", `Of ε ${upper(limit)}: spent ${upper(amounts.spent)}, reserved ` +
        `${upper(amounts.reserved)}, free ${lower(amounts.free)}`);
      setText(lifetime, `Limit ε ${plainLimit(limit)} at δ ${small(budget.limit.delta)} · lifetime total ` +
        `ε ${upper(budget.lifetime_spent?.epsilon)}`);
    },
  };
}

// Rényi spends do not add up in ε: spent and reserved are drawn to scale, and free is what the bar has left.
function stackShares(amounts, limit) {
  const spent = Math.min(1, (amounts.spent ?? limit) / limit);
  const reserved = Math.min(1 - spent, (amounts.reserved ?? limit) / limit);
  return { spent, reserved, free: Math.max(0, 1 - spent - reserved) };
}

function plainLimit(limit) {
  return limit === null ? "∞" : String(Number(limit.toPrecision(6)));
}

function unit(budget) {
  return `one ${words(budget.unit ?? "example")} (${words(budget.adjacency)})`;
}

/** Rows of name and value; `update([[name, value], …])`, a value being text or an element. */
export function facts() {
  const element = h("dl", { class: "facts" });
  return {
    element,
    update(rows) {
      const key = JSON.stringify(rows.map(([name, value]) => [name, value instanceof Node ? value.textContent : value]));
      if (element.dataset.key === key) return;
      element.dataset.key = key;
      element.replaceChildren(...rows.map(([name, value]) =>
        h("div", {}, h("dt", {}, name), h("dd", {}, value))));
    },
  };
}

export function accuracyOf(job) {
  const last = job.metrics?.at(-1);
  return last?.accuracy === undefined || last.accuracy === null ? "–" : percent(last.accuracy);
}
