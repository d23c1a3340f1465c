// The REST API, as this page uses it: conditional GETs, problems as errors, a token for this tab only.

const TOKEN_KEY = "epsilond.token";
const MOST_ANSWERS = 64;
const answers = new Map();

/** An answer that is not a success; `problem` is the RFC 9457 body where there was one. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The service answered ${status}.`);
    this.status = status;
    this.problem = problem;
  }
}

/** The service could not be reached at all. */
export class UnreachableError extends Error {
  constructor() {
    super("The service does not answer.");
  }
}

export function hasToken() {
  return sessionStorage.getItem(TOKEN_KEY) !== null;
}

export function setToken(token) {
  answers.clear();
  if (token === null) sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, token);
}

/** GET with If-None-Match: on 304 the body of the last answer, the very same object, so `===` tells what changed. */
export async function get(path) {
  const last = answers.get(path);
  const response = await send("GET", path, last ? { "If-None-Match": last.etag } : {});
  if (response.status === 304 && last) return last.body;
  const body = await bodyOf(response);
  const etag = response.headers.get("ETag");
  answers.delete(path);
  if (etag) answers.set(path, { etag, body });
  if (answers.size > MOST_ANSWERS) answers.delete(answers.keys().next().value);
  return body;
}

/** GET of a text artifact. */
export async function getText(path) {
  const response = await send("GET", path, { Accept: "*/*" });
  if (!response.ok) await bodyOf(response);
  return response.text();
}

/** GET of an artifact of any type. */
export async function getFile(path) {
  const response = await send("GET", path, { Accept: "*/*" });
  if (!response.ok) await bodyOf(response);
  return response.blob();
}

export async function post(path, value, signal) {
  const headers = { "Content-Type": "application/json" };
  return bodyOf(await send("POST", path, headers, JSON.stringify(value), signal));
}

async function send(method, path, headers, body, signal) {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const authorization = token === null ? {} : { Authorization: `Bearer ${token}` };
  try {
    return await fetch(path, {
      method, body, signal, cache: "no-store", credentials: "omit",
      headers: { Accept: "application/json", ...headers, ...authorization },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new UnreachableError();
  }
}

async function bodyOf(response) {
  const text = await response.text();
  let value = {};
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    value = { title: "The answer was not JSON", detail: text.slice(0, 200) };
  }
  if (!response.ok) throw new ApiError(response.status, value);
  return value;
}
