// The page: which view is shown, whether the service answers, and the token where it asks for one.

import { ApiError, UnreachableError, get, hasToken, setToken } from "./api.js";
import { budgetPage } from "./budget.js";
import { h, replace, setText } from "./dom.js";
import { jobPage } from "./job.js";
import { overview } from "./overview.js";
import { Poller } from "./poller.js";
import { whatIf } from "./whatif.js";

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const banner = document.getElementById("banner");
const dialog = document.getElementById("token-dialog");
const tokenButton = document.getElementById("token-button");

const ROUTES = [
  { pattern: /^#?\/?$/, page: "overview", view: () => overview() },
  { pattern: /^#\/jobs\/([^/]+)$/, page: "overview", view: (id) => jobPage(id) },
  { pattern: /^#\/budgets\/([^/]+)$/, page: "overview", view: (id) => budgetPage(id) },
  { pattern: /^#\/what-if$/, page: "what-if", view: () => whatIf() },
];

let view = null;
let poller = null;
let isTokenWanted = false;

function show() {
  poller?.stop();
  view?.destroy?.();
  [view, poller] = [null, null];
  report(null);
  const { route, argument } = find(location.hash);
  for (const link of document.querySelectorAll("[data-page]")) {
    if (link.dataset.page === route?.page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (!route) {
    replace(main, h("p", { class: "empty" }, "There is no such page. ", h("a", { href: "#/" }, "Overview")));
    return;
  }
  view = route.view(argument);
  document.title = `${view.title} · epsilond`;
  replace(main, view.element);
  poller = new Poller(view.poll ?? (() => get("/v1/version")), report);
}

function find(hash) {
  for (const route of ROUTES) {
    const match = route.pattern.exec(hash);
    if (!match) continue;
    try {
      return { route, argument: match[1] === undefined ? undefined : decodeURIComponent(match[1]) };
    } catch {
      return {};
    }
  }
  return {};
}

function report(error) {
  banner.hidden = error === null;
  connection.dataset.state = error === null ? "good" : "bad";
  if (error === null) {
    setText(connection, "Connected");
    return;
  }
  if (error instanceof ApiError && error.status === 401) {
    // Asking again brings nothing until there is another token.
    poller?.stop();
    askForToken(hasToken() ? "The service does not accept this token." : "");
  }
  setText(connection, error instanceof ApiError ? "Refused" : "No answer, trying again");
  const complaints = (error.problem?.errors ?? []).map((item) => h("li", {}, `${item.pointer}: ${item.detail}`));
  replace(banner, h("strong", {}, error.problem?.title ?? "Something went wrong"), " ", error.message,
    complaints.length > 0 ? h("ul", {}, complaints) : null);
  // Anything else is a mistake of this page.
  if (!(error instanceof ApiError) && !(error instanceof UnreachableError)) console.error(error);
}

function askForToken(complaint) {
  isTokenWanted = true;
  showTokenButton();
  setText(document.getElementById("token-error"), complaint);
  if (!dialog.open) dialog.showModal();
}

document.getElementById("token-form").addEventListener("submit", () => {
  const input = document.getElementById("token-input");
  setToken(input.value.trim());
  input.value = "";
  showTokenButton();
  show();
});

tokenButton.addEventListener("click", () => {
  setToken(null);
  showTokenButton();
  show();
});

function showTokenButton() {
  tokenButton.hidden = !hasToken() && !isTokenWanted;
  setText(tokenButton, hasToken() ? "Forget token" : "Enter a token");
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

addEventListener("hashchange", () => {
  show();
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
});
showTokenButton();
show();
