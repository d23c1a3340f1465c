// One budget: its gauge, every entry of its ledger, and the jobs it paid for.

import { ApiError, get } from "./api.js";
import { h, mirror, replace, setText, shell, table } from "./dom.js";
import { count, plain, shortTime, small, time, upper, words } from "./format.js";
import { jobTable, showJobs } from "./overview.js";
import { budgetGauge, facts } from "./widgets.js";

const PAGE = 100;

export function budgetPage(id) {
  const path = `/v1/budgets/${encodeURIComponent(id)}`;
  const title = h("h1");
  const gauge = budgetGauge({ link: false });
  const about = facts();
  const entries = h("tbody");
  const older = h("button", { type: "button", class: "quiet", hidden: true }, "Show more entries");
  const none = h("div");
  const jobs = h("tbody");
  const jobsTable = jobTable(jobs);
  const element = h("div", {},
    h("header", { class: "page-head" }, h("p", {}, h("a", { href: "#/" }, "← Overview")), title),
    gauge.element, about.element,
    h("section", {}, h("h2", {}, "Ledger"), none, ledgerTable(entries), older),
    h("section", {}, h("h2", {}, "Jobs of this budget"), jobsTable));
  let pages = 1;
  older.addEventListener("click", () => {
    pages += 1;
    poll();
  });

  async function poll() {
    const [budget, list] = await Promise.all([get(path), get(`${path}/jobs?limit=50`)]);
    const rows = await visibleLedger(path, pages);
    setText(title, budget.name ?? budget.id);
    gauge.update(budget);
    about.update(aboutRows(budget));
    mirror(entries, rows.data, (entry) => entry.sequence, entryRow);
    older.hidden = !rows.more;
    replace(none, rows.refusal ? h("p", { class: "empty" }, rows.refusal) : rows.data.length === 0 ? noEntries(id) : null);
    showJobs(jobs, list.data);
    jobsTable.hidden = list.data.length === 0;
  }
  return { title: "Budget", element, poll };
}

/** The ledger, or why this token may not see it: the rest of the page is for every role. */
async function visibleLedger(path, pages) {
  try {
    return await ledgerPages(path, pages);
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return { data: [], more: false, refusal: error.message };
    throw error;
  }
}

async function ledgerPages(path, pages) {
  const data = [];
  let after = "";
  let more = true;
  for (let page = 0; page < pages && more; page += 1) {
    const answer = await get(`${path}/ledger?limit=${PAGE}${after}`);
    data.push(...answer.data);
    more = answer.has_more;
    after = `&after=${encodeURIComponent(answer.next ?? "")}`;
  }
  return { data, more };
}

function aboutRows(budget) {
  return [
    ["Dataset", budget.dataset],
    ["Adjacency", words(budget.adjacency)],
    ["Unit", words(budget.unit)],
    ["δ spent", small(budget.spent.delta)],
    ["δ remaining", small(budget.remaining.delta)],
    ["δ set aside for (ε, δ) charges", small(budget.filter.black_box_delta)],
    ["Parent", budget.parent ? h("a", { href: `#/budgets/${encodeURIComponent(budget.parent)}` }, budget.parent) : "none, the root"],
    ["Created", time(budget.created_at)],
    ["Id", budget.id],
  ];
}

function ledgerTable(body) {
  return table("Ledger, in order",
    [{ text: "№", class: "number" }, "Time", "Kind", "Event", { text: "ε", class: "number" }, "Job", "Hash"], body);
}

function entryRow() {
  const cells = {
    sequence: h("td", { class: "number" }), time: h("td", { class: "when" }), kind: h("td"), event: h("td", { class: "event" }),
    epsilon: h("td", { class: "number" }), job: h("td", { class: "when" }), hash: h("td", { class: "when" }),
  };
  const element = h("tr", {}, Object.values(cells));
  let written = false;
  return {
    element,
    // Entries are immutable: an entry that has been drawn never changes.
    update(entry) {
      if (written) return;
      written = true;
      setText(cells.sequence, count(entry.sequence));
      setText(cells.time, shortTime(entry.time));
      cells.time.title = entry.time ?? "";
      setText(cells.kind, words(entry.kind));
      setText(cells.event, entry.event ? repeated(entry) : "–");
      // Only what is charged or held has an ε of its own; its commits and releases are parts of it.
      setText(cells.epsilon, entry.epsilon === null ? "–" : upper(entry.epsilon));
      if (entry.job) replace(cells.job, h("a", { href: `#/jobs/${encodeURIComponent(entry.job)}`, title: entry.job }, `${entry.job.slice(0, 12)}…`));
      replace(cells.hash, h("code", { title: `${entry.hash}, after ${entry.previous_hash}` }, shortHash(entry.hash)));
    },
  };
}

function shortHash(hash) {
  return hash ? `${String(hash).slice(0, 12)}…` : "–";
}

function repeated(entry) {
  const event = eventWords(entry.event);
  return entry.count > 1 ? `${count(entry.count)} × ${event}` : event;
}

/** An event tree in one line: 235 × Poisson 0.0043 (Gaussian σ 0.8). */
function eventWords(event) {
  switch (event.type) {
    case "gaussian":
    case "laplace":
      return `${event.type} σ ${plain(event.noise_multiplier)}`;
    case "self_composed":
      return `${count(event.count)} × ${eventWords(event.event)}`;
    case "poisson_sampled":
      return `Poisson ${plain(event.sampling_probability)} (${eventWords(event.event)})`;
    case "composed":
      return (event.events ?? []).slice(0, 4).map(eventWords).join(" + ") + (event.events?.length > 4 ? " + …" : "");
    default: {
      const { type, ...rest } = event;
      return `${words(type)} ${Object.entries(rest).map(([key, value]) => `${words(key)} ${plainValue(value)}`).join(", ")}`;
    }
  }
}

function plainValue(value) {
  return typeof value === "number" ? plain(value) : JSON.stringify(value);
}

function noEntries(id) {
  return h("div", { class: "empty" },
    h("p", {}, "Nothing has been charged yet. Jobs charge by themselves; an outside trainer reports what it did:"),
    shell(`curl -X POST ${location.origin}/v1/budgets/${id}/charges -H 'Content-Type: application/json' \\
  -H 'Idempotency-Key: notebook-1' \\
  -d '{"event": {"type": "gaussian", "noise_multiplier": 10}}'`));
}
