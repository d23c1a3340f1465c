// One job: where it stands, what it learned, what it cost, and what may be said about it.

import { ApiError, get, getFile, getText, post } from "./api.js";
import { chart } from "./curves.js";
import { h, mirror, setText } from "./dom.js";
import { bytes, count, duration, lower, percent, plain, small, time, upper, words } from "./format.js";
import { facts, hasEnded, progressBar, statePill } from "./widgets.js";

const MOST_EVENTS = 500;

export function jobPage(id) {
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  const head = header(path);
  const summary = facts();
  const settings = facts();
  const accuracy = chart({ title: "Accuracy on the public evaluation set", x: "step", y: "accuracy, %", minimum: 0, maximum: 100 });
  const epsilon = chart({ title: "Privacy spent", x: "step", y: "ε", minimum: 0 });
  const events = timeline(path);
  const files = h("ul", { class: "files" });
  const filesNone = h("p", { class: "muted" });
  const statement = guarantee(path);
  const element = h("div", {}, head.element, summary.element,
    h("div", { class: "columns" }, accuracy.element, epsilon.element),
    section("Guarantee", statement.element),
    h("div", { class: "columns" }, section("Events", events.element), section("Artifacts", filesNone, files)),
    section("Settings", settings.element));
  let shown = null;
  let shownBudget = null;
  let shownFiles = null;

  async function poll() {
    const job = await get(path);
    const [budget, artifacts] = await Promise.all([
      job.budget ? get(`/v1/budgets/${encodeURIComponent(job.budget)}`) : null,
      get(`${path}/artifacts`), events.poll(),
    ]);
    if (job !== shown || budget !== shownBudget) {
      head.update(job);
      summary.update(summaryRows(job, budget));
      settings.update(settingRows(job));
      accuracy.update(accuracyLines(job), job.progress?.steps);
      epsilon.update(epsilonLines(job, budget));
      [shown, shownBudget] = [job, budget];
    }
    if (artifacts !== shownFiles) {
      shownFiles = artifacts;
      mirror(files, artifacts.data, (artifact) => artifact.name, () => fileRow(path));
    }
    setText(filesNone, artifacts.data.length === 0 ? "None yet: they are written when the job ends." : "");
    await statement.update(job, budget, artifacts.data);
  }
  return {
    title: "Job", element, poll,
    destroy: () => {
      accuracy.destroy();
      epsilon.destroy();
    },
  };
}

function section(title, ...children) {
  return h("section", { class: "card" }, h("h2", {}, title), children);
}

function header(path) {
  const title = h("h1");
  const ident = h("code");
  const pill = statePill();
  const reason = h("p", { class: "muted" });
  const progress = progressBar();
  const failure = h("p", { class: "field-error", role: "alert" });
  const cancel = h("button", { type: "button", class: "quiet", onclick: cancelJob }, "Cancel job");
  async function cancelJob() {
    if (!confirm("Stop this job at its next step? The steps that ran stay charged, the rest is released.")) return;
    cancel.disabled = true;
    try {
      await post(`${path}/cancel`, {});
      setText(failure, "");
    } catch (error) {
      setText(failure, error.message);
    }
    cancel.disabled = false;
  }
  const element = h("header", { class: "page-head" },
    h("p", {}, h("a", { href: "#/" }, "← Overview")),
    h("div", { class: "row" }, title, pill.element, cancel), h("p", {}, ident), reason, progress.element, failure);
  return {
    element,
    update(job) {
      setText(title, job.name ?? job.id);
      setText(ident, job.id);
      setText(reason, job.state_reason ? words(job.state_reason) : "");
      pill.update(job.state);
      progress.update(job.progress);
      cancel.hidden = hasEnded(job) || job.state === "cancelling";
    },
  };
}

function summaryRows(job, budget) {
  const privacy = job.privacy ?? {};
  const last = job.metrics?.at(-1);
  const rows = [
    ["ε now", privacy.private === false ? "none charged" : upper(privacy.epsilon_so_far)],
    ["ε at end", upper(privacy.epsilon_at_end)],
    ["δ", small(privacy.delta)],
    ["σ", plain(privacy.noise_multiplier)],
    ["Accuracy", last ? percent(last.accuracy, 2) : "–"],
    ["ETA", hasEnded(job) ? "–" : duration(job.progress?.eta_seconds)],
    ["Examples a second", count(job.progress?.samples_per_second && Math.round(job.progress.samples_per_second))],
    ["Took", duration(elapsed(job))],
  ];
  if (budget) {
    const link = h("a", { href: `#/budgets/${encodeURIComponent(budget.id)}` }, budget.name ?? budget.id);
    rows.push(["Budget", link], ["Free in the budget", `ε ${lower(budget.remaining.epsilon)}`]);
  }
  return rows;
}

function elapsed(job) {
  const start = Date.parse(job.started_at ?? "");
  const end = Date.parse(job.finished_at ?? "");
  return Number.isNaN(start) || Number.isNaN(end) ? undefined : (end - start) / 1000;
}

function accuracyLines(job) {
  const points = (job.metrics ?? []).filter((metric) => Number.isFinite(metric.accuracy))
    .map((metric) => ({ x: metric.step, y: Number((100 * metric.accuracy).toFixed(3)) }));
  return [{ label: "accuracy, %", points, color: "--blue" }];
}

function epsilonLines(job, budget) {
  const points = (job.metrics ?? []).filter((metric) => Number.isFinite(metric.epsilon))
    .map((metric) => ({ x: metric.step, y: metric.epsilon }));
  const right = Math.max(job.progress?.steps ?? 1, 1);
  const lines = [{ label: "ε of this job", points, color: "--orange" }];
  const ceiling = (label, y, color) =>
    lines.push({ label, points: [{ x: 0, y }, { x: right, y }], color, dashed: true });
  if (Number.isFinite(job.privacy?.epsilon_at_end)) ceiling("reserved, ε at end", job.privacy.epsilon_at_end, "--muted");
  if (budget && Number.isFinite(budget.limit.epsilon)) ceiling("budget", budget.limit.epsilon, "--red");
  return lines;
}

/** A job's events, the newest first. Events never change, so each poll asks only for those after the last one known. */
function timeline(path) {
  const element = h("ul", { class: "timeline" });
  let known = [];
  async function poll() {
    let more = true;
    while (more) {
      const last = known[0]?.sequence ?? 0;
      const answer = await get(`${path}/events?limit=500&after=${last}`);
      more = answer.has_more;
      known = [...answer.data.toReversed(), ...known].slice(0, MOST_EVENTS);
      if (answer.data.length > 0) mirror(element, known, (event) => event.sequence, eventRow);
    }
  }
  return { element, poll };
}

function eventRow() {
  const when = h("time");
  const what = h("span");
  const element = h("li", {}, when, " ", what);
  return {
    element,
    update(event) {
      setText(when, time(event.time));
      when.setAttribute("datetime", event.time);
      setText(what, `${words(event.kind)}${eventDetail(event.data ?? {})}`);
    },
  };
}

function eventDetail(data) {
  const parts = [];
  if (data.step) parts.push(`step ${count(data.step)}`);
  if (Number.isFinite(data.accuracy)) parts.push(`accuracy ${percent(data.accuracy, 2)}`);
  if (Number.isFinite(data.epsilon)) parts.push(`ε ${upper(data.epsilon)}`);
  return parts.length > 0 ? `: ${parts.join(", ")}` : "";
}

function fileRow(path) {
  const button = h("button", { type: "button", class: "link" });
  const note = h("span", { class: "muted" });
  const failure = h("span", { class: "field-error" });
  let name = "";
  // A plain link could not carry the token, so the file comes through fetch and is handed to the browser as a blob.
  button.addEventListener("click", async () => {
    try {
      const url = URL.createObjectURL(await getFile(`${path}/artifacts/${encodeURIComponent(name)}`));
      h("a", { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
      setText(failure, "");
    } catch (error) {
      setText(failure, error.message);
    }
  });
  const element = h("li", {}, button, " ", note, failure);
  return {
    element,
    update(artifact) {
      name = artifact.name;
      setText(button, artifact.name);
      setText(note, bytes(artifact.bytes));
      note.title = `SHA-256 ${artifact.sha256}`;
    },
  };
}

/** What may be claimed now, and the worker's whole report once it is there. */
function guarantee(path) {
  const text = h("p", { class: "statement" });
  const report = h("pre", { tabindex: 0, class: "report", hidden: true });
  const element = h("div", {}, text, report);
  let loaded = false;
  return {
    element,
    async update(job, budget, artifacts) {
      setText(text, claim(job, budget));
      if (loaded || !artifacts.some((artifact) => artifact.name === "report.md")) return;
      loaded = true;
      try {
        setText(report, await getText(`${path}/artifacts/report.md`));
        report.hidden = false;
      } catch (error) {
        loaded = false;
        if (!(error instanceof ApiError)) throw error;
      }
    },
  };
}

function claim(job, budget) {
  const privacy = job.privacy ?? {};
  if (privacy.private === false) return "Trained on public data without noise: there is nothing to protect and no claim.";
  const unit = `one ${words(budget?.unit ?? "example")} (${words(privacy.adjacency)})`;
  const reached = hasEnded(job) ? "Everything this job released" : "Everything this job has released so far";
  const rest = hasEnded(job) ? "" : ` When all its steps have run: ε = ${upper(privacy.epsilon_at_end)}.`;
  return `${reached}, every checkpoint included, is (ε = ${upper(privacy.epsilon_so_far)}, δ = ${small(privacy.delta)}) ` +
    `differentially private for ${unit}, with Poisson-sampled batches and σ = ${plain(privacy.noise_multiplier)}.${rest}`;
}

function settingRows(job) {
  const flat = [];
  const walk = (prefix, value) => {
    if (Array.isArray(value)) flat.push([prefix, JSON.stringify(value)]);
    else if (value !== null && typeof value === "object") {
      for (const [key, inner] of Object.entries(value)) walk(prefix ? `${prefix} · ${words(key)}` : words(key), inner);
    } else flat.push([prefix, String(value)]);
  };
  for (const key of ["dataset", "model", "training", "evaluation"]) walk(words(key), job[key] ?? "–");
  for (const [part, seconds] of Object.entries(job.timing ?? {})) {
    flat.push([`a step · ${words(part)}`, `${plain(seconds * 1000, 3)} ms`]);
  }
  for (const [part, size] of Object.entries(job.memory ?? {})) flat.push([`memory · ${words(part)}`, bytes(size)]);
  return [...flat, ["created", time(job.created_at)], ["id", job.id]];
}
