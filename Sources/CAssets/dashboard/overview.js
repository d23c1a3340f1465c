// The first screen: what the budgets still hold, and what the jobs are doing with them.

import { get } from "./api.js";
import { h, mirror, replace, setText, shell, table } from "./dom.js";
import { duration, plain, shortTime, upper } from "./format.js";
import { accuracyOf, budgetGauge, hasEnded, progressBar, statePill } from "./widgets.js";

const PAGE = 50;
const DATASET = `curl -X POST ${location.origin}/v1/datasets -H 'Content-Type: application/json' \\
  -d '{"name": "mine", "format": "csv", "files": ["mine.csv"], "labels": "label", "classes": 2}'`;

export function overview() {
  const gauges = h("div", { class: "gauges" });
  const budgetsEmpty = h("div", {});
  const jobs = h("tbody");
  const jobsEmpty = h("div", {});
  const jobsTable = jobTable(jobs);
  jobsTable.hidden = true;
  const more = h("p", { class: "muted" });
  const element = h("div", {},
    h("section", { "aria-labelledby": "budgets-title" }, h("h1", { id: "budgets-title" }, "Budgets"), budgetsEmpty, gauges),
    h("section", { "aria-labelledby": "jobs-title" }, h("h2", { id: "jobs-title" }, "Jobs"), jobsEmpty, jobsTable, more));
  let shownBudgets = null;
  let shownJobs = null;

  async function poll() {
    const [budgets, list] = await Promise.all([get(`/v1/budgets?limit=${PAGE}`), get(`/v1/jobs?limit=${PAGE}`)]);
    if (budgets !== shownBudgets) {
      shownBudgets = budgets;
      mirror(gauges, familyOrder(budgets.data), (budget) => budget.id, () => budgetGauge());
      replace(budgetsEmpty, budgets.data.length === 0 ? noBudgets(await get("/v1/datasets?limit=100")) : null);
    }
    if (list !== shownJobs) {
      shownJobs = list;
      showJobs(jobs, list.data);
      jobsTable.hidden = list.data.length === 0;
      replace(jobsEmpty, list.data.length === 0 ? noJobs(budgets.data[0]) : null);
      setText(more, list.has_more ? `The latest ${PAGE} jobs; the others: GET /v1/jobs?after=${list.next}` : "");
    }
  }
  return { title: "Overview", element, poll };
}

export function jobTable(body) {
  return table("Jobs",
    ["Job", "State", "Progress", { text: "ETA", class: "number" }, { text: "σ", class: "number" },
      { text: "ε now → ε at end", class: "number" }, { text: "Accuracy", class: "number" }, "Started"], body);
}

export function showJobs(body, list) {
  const newestFirst = [...list].sort((a, b) => (b.created_at ?? "").localeCompare(a.created_at ?? ""));
  mirror(body, newestFirst, (job) => job.id, jobRow);
}

function jobRow() {
  const link = h("a");
  const pill = statePill();
  const progress = progressBar();
  const cells = { eta: number(), sigma: number(), epsilon: number(), accuracy: number(), started: h("td", { class: "when" }) };
  const element = h("tr", {},
    h("th", { scope: "row" }, link), h("td", {}, pill.element), h("td", {}, progress.element),
    cells.eta, cells.sigma, cells.epsilon, cells.accuracy, cells.started);
  return {
    element,
    update(job) {
      setText(link, job.name ?? job.id);
      link.setAttribute("href", `#/jobs/${encodeURIComponent(job.id)}`);
      link.title = job.id;
      pill.update(job.state);
      progress.update(job.progress);
      setText(cells.eta, hasEnded(job) ? "–" : duration(job.progress?.eta_seconds));
      setText(cells.sigma, plain(job.privacy?.noise_multiplier));
      setText(cells.epsilon, epsilons(job));
      setText(cells.accuracy, accuracyOf(job));
      setText(cells.started, shortTime(job.started_at ?? job.created_at));
      cells.started.title = job.started_at ?? job.created_at ?? "";
    },
  };
}

function number() {
  return h("td", { class: "number" });
}

function epsilons(job) {
  const privacy = job.privacy ?? {};
  if (privacy.private === false) return "public data";
  return `${upper(privacy.epsilon_so_far)} → ${upper(privacy.epsilon_at_end ?? privacy.epsilon_reserved)}`;
}

/** Each dataset's root budget, followed by the quotas beneath it. */
function familyOrder(budgets) {
  const known = new Set(budgets.map((budget) => budget.id));
  const roots = budgets.filter((budget) => !known.has(budget.parent));
  const below = (parent) => budgets.filter((budget) => budget.parent === parent.id)
    .flatMap((child) => [child, ...below(child)]);
  return roots.flatMap((root) => [root, ...below(root)]);
}

function noBudgets(datasets) {
  const dataset = datasets.data.find((candidate) => !candidate.public);
  const budget = `curl -X POST ${location.origin}/v1/budgets -H 'Content-Type: application/json' \\
  -d '{"name": "research", "dataset": ${quoted(dataset?.name ?? "mine")}, "epsilon": 3, "delta": 1e-5,
       "adjacency": "add_or_remove_one", "unit": "example"}'`;
  return h("div", { class: "empty" },
    h("p", {}, "No budget yet. A budget caps how much every job, query and notebook together may learn about one ",
      "example of a dataset. ", dataset ? "Put one on a dataset that is registered:" : "Register a dataset, then put a budget on it:"),
    dataset ? null : shell(DATASET), shell(budget));
}

/** A name as JSON within the single quotes of a shell. */
function quoted(name) {
  return JSON.stringify(name).replaceAll("'", "\\u0027");
}

function noJobs(budget) {
  const id = budget?.id ?? "bud_…";
  const submit = (query) => `curl -X POST '${location.origin}/v1/jobs${query}' -H 'Content-Type: application/json' \\
  -d '{"name": "tutorial", "budget": "${id}", "dataset": ${quoted(budget?.dataset ?? "fashion-mnist/train")},
       "model": {"preset": "tutorial-cnn"},
       "training": {"batch_size": 256, "epochs": 5, "optimizer": {"type": "sgd", "learning_rate": 0.25},
                    "clipping": {"mode": "flat", "norm": 1.0}},
       "privacy": {"noise_multiplier": 0.8, "delta": 1e-5},
       "evaluation": {"dataset": "fashion-mnist/test"}}'`;
  return h("div", { class: "empty" },
    h("p", {}, "No job yet. Ask first what a job would cost (nothing is spent), then submit the same body without ",
      h("code", {}, "dry_run"), ":"),
    shell(submit("?dry_run=true")), h("p", {}, "Or play with the numbers: ", h("a", { href: "#/what-if" }, "What if"), "."));
}
