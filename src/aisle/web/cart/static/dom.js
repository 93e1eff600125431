// Small pieces of the page: elements, places that are filled only when their content changed, requests.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

const shown = new WeakMap();

// Fill a place anew, unless it already shows the same; what had the focus keeps it.
export function fill(place, data, make) {
  const key = JSON.stringify(data);
  if (shown.get(place) === key) return;
  shown.set(place, key);
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...[make(data)].flat());
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

export function forget(place) {
  shown.delete(place);
}

export function picture(path, name) {
  const frame = el("span", { class: "picture", "aria-hidden": "true" });
  if (path) frame.append(el("img", { src: path, alt: "", loading: "lazy" }));
  else frame.textContent = (name || "?").slice(0, 1).toUpperCase();
  return frame;
}

export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail || problem.title || String(status));
    this.problem = problem;
    this.status = status;
  }
}

export async function get(path) {
  return told(await fetch(path, { headers: { Accept: "application/json" } }));
}

export async function post(path, body = {}, token = "") {
  const headers = { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  return told(await fetch(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function told(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(body, response.status);
  return body;
}
