// The what-if form: asks /v1/epsilon as you type. Nothing is charged.

import { ApiError, post } from "./api.js";
import { chart } from "./curves.js";
import { h, replace, setText, shell } from "./dom.js";
import { count, plain, small, upper, words } from "./format.js";
import { facts } from "./widgets.js";

const SETTLE = 250;
const POINTS = 60;
const NUMBERS = [
  { name: "noise_multiplier", label: "Noise multiplier σ", value: 0.8, min: 0, step: "any", hint: "noise over clipping norm" },
  { name: "batch_size", label: "Batch size", value: 256, min: 1, step: 1, hint: "expected, public" },
  { name: "dataset_size", label: "Dataset size", value: 60000, min: 1, step: 1, hint: "examples" },
  { name: "epochs", label: "Epochs", value: 5, min: 0, step: "any", hint: "passes, on average" },
  { name: "delta", label: "δ", value: "1e-5", min: 0, step: "any", hint: "well below 1 / dataset size" },
];
const CHOICES = [
  { name: "sampling", label: "Sampling", values: ["poisson", "without_replacement", "shuffle", "balls_in_bins", "full_batch"] },
  { name: "adjacency", label: "Neighbours differ by", values: ["add_or_remove_one", "replace_one", "zero_out"] },
  { name: "accountant", label: "Accountant", values: ["auto", "rdp", "pld", "moments", "gdp"] },
];

export function whatIf() {
  const inputs = new Map();
  const target = h("input", { id: "target", type: "number", min: 0, step: "any", value: 3 });
  const solve = h("button", { type: "submit", class: "quiet" }, "Find σ");
  const settings = h("form", { class: "form", "aria-label": "Settings" },
    NUMBERS.map((field) => control(inputs, field, numberInput(field))),
    CHOICES.map((field) => control(inputs, field, choice(field))));
  const search = h("form", { class: "form", "aria-label": "Search for the noise" },
    h("div", { class: "field" }, h("label", { for: "target" }, "Target ε"), h("div", { class: "row" }, target, solve),
      h("p", { class: "hint" }, "the least noise that stays within it")));
  const answer = answerBox();
  const curve = chart({ title: "ε after each step", x: "step", y: "ε", minimum: 0 });
  const command = h("div");
  const element = h("div", {}, h("h1", {}, "What if"),
    h("p", { class: "lead" }, "What a DP-SGD run with these settings would cost. Nothing is charged."),
    h("div", { class: "columns" }, h("section", { class: "card" }, h("h2", {}, "Settings"), settings, search), answer.element),
    curve.element, h("section", { class: "card" }, h("h2", {}, "The same question to the API"), command));

  let timer = null;
  let running = null;
  settings.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, SETTLE);
  });
  settings.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    findNoise();
  });

  function request() {
    const body = {};
    for (const [name, input] of inputs) {
      body[name] = input.type === "number" ? (input.value === "" ? null : Number(input.value)) : input.value;
    }
    return body;
  }

  async function ask() {
    running?.abort();
    running = new AbortController();
    const body = request();
    replace(command, shell(`curl -X POST ${location.origin}/v1/epsilon -d '${JSON.stringify(body)}'`));
    try {
      const result = await post("/v1/epsilon", { ...body, trajectory: POINTS }, running.signal);
      mark(inputs, []);
      answer.show(body, result);
      const points = (result.trajectory ?? []).filter((point) => Number.isFinite(point.epsilon))
        .map((point) => ({ x: point.step, y: point.epsilon }));
      curve.element.hidden = points.length === 0;
      curve.update([{ label: "ε", points, color: "--orange" }]);
    } catch (error) {
      if (error.name !== "AbortError") refuse(error);
    }
  }

  async function findNoise() {
    const { noise_multiplier: _, ...body } = request();
    try {
      const result = await post("/v1/noise-multiplier", { ...body, target_epsilon: Number(target.value) });
      inputs.get("noise_multiplier").value = result.noise_multiplier;
      await ask();
    } catch (error) {
      refuse(error);
    }
  }

  function refuse(error) {
    mark(inputs, error instanceof ApiError ? error.problem.errors ?? [] : []);
    answer.refuse(error);
    curve.element.hidden = true;
  }

  ask();
  return { title: "What if", element, poll: null, destroy: () => curve.destroy() };
}

function numberInput(field) {
  return h("input", { id: field.name, type: "number", min: field.min, step: field.step, value: field.value });
}

function choice(field) {
  return h("select", { id: field.name }, field.values.map((value) => h("option", { value }, words(value))));
}

function control(inputs, field, input) {
  inputs.set(field.name, input);
  input.setAttribute("aria-describedby", `${field.name}-note`);
  return h("div", { class: "field" }, h("label", { for: field.name }, field.label), input,
    h("p", { class: "hint", id: `${field.name}-note`, "data-hint": field.hint ?? "" }, field.hint ?? ""));
}

/** Puts each of the problem's complaints beside the field its pointer names. */
function mark(inputs, errors) {
  for (const [name, input] of inputs) {
    const note = input.parentElement.querySelector(".hint");
    const error = errors.find((candidate) => candidate.pointer === `/${name}`);
    setText(note, error?.detail ?? note.dataset.hint);
    note.classList.toggle("field-error", error !== undefined);
    input.setAttribute("aria-invalid", error !== undefined);
  }
}

function answerBox() {
  const value = h("p", { class: "big" });
  const rows = facts();
  const assumptions = h("ul");
  const warnings = h("ul", { class: "warnings" });
  const body = h("div", {}, rows.element, h("h3", {}, "Assumptions"), assumptions, warnings);
  const element = h("section", { class: "card answer", "aria-live": "polite" }, h("h2", {}, "Answer"), value, body);
  return {
    element,
    show(asked, result) {
      body.hidden = false;
      element.removeAttribute("data-refused");
      setText(value, `ε ≤ ${upper(result.epsilon, 4)}`);
      rows.update([
        ["δ", small(result.delta)],
        ["Rényi order", result.order === undefined ? "–" : plain(result.order, 5)],
        ["Accountant", words(result.accountant)],
        ["ε is at least", result.epsilon_lower === undefined ? "–" : plain(result.epsilon_lower, 5)],
        ["Sample rate q", plain(result.mechanism?.sample_rate ?? asked.batch_size / asked.dataset_size)],
        ["Steps", count(result.mechanism?.steps)],
      ]);
      replace(assumptions, texts(result.assumptions));
      replace(warnings, texts(result.warnings));
    },
    refuse(error) {
      body.hidden = true;
      element.dataset.refused = "";
      setText(value, error.problem?.errors?.[0]?.detail ?? error.message);
    },
  };
}

function texts(list) {
  return (list ?? []).map((item) => h("li", {}, typeof item === "string" ? item : item.detail ?? item.text ?? JSON.stringify(item)));
}
