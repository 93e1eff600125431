// The cart's screen: the stream fills it, touches go back. After a break it goes on where it was.

import { el, fill, forget, get, post } from "./dom.js";
import * as sheets from "./sheets.js";
import { render } from "./views.js";

const place = (id) => document.getElementById(id);
let state = null;
let words = null;
let languages = {};
let cards = {};
let waiting = null; // for the next state

const act = {
  state: () => state,
  say(text) {
    const toast = place("toast");
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => { toast.hidden = true; }, 4000);
  },
  async send(path, body) {
    try {
      await show(await post(path, body));
    } catch (error) {
      act.say(error.message);
    }
  },
  tap: (tap, value = null) => act.send("/v1/taps", { tap, value }),
  finish: () => act.send("/v1/finish"),
  find: (question) => sheets.find(words, (one) => act.tap(...(question && question.kind !== "unknown code"
    ? ["answer", { prompt: question.prompt_id, choice: one.value }] : ["plu", one.value]))),
  tookOut: () => sheets.tookOut(state, words, act),
  again(then) { waiting = then; setTimeout(() => { if (waiting) { waiting(); waiting = null; } }, 400); },
};

async function speak(language) {
  const found = await get(`/v1/words?language=${encodeURIComponent(language)}`);
  words = found.words;
  languages = found.languages;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = words[node.dataset.word];
  document.documentElement.lang = found.language;
  forget(place("welcome"));
}

async function show(next) {
  if (state && next.revision < state.revision && next.trip_id === state.trip_id) return;
  if (!words || !state || next.language !== state.language) await speak(next.language);
  state = next;
  render(state, words, act);
  fill(place("welcome"), [state.phase, state.language, cards], welcome);
  fill(place("paying"), [state.phase === "paying", state.notices, cards], paying);
  if (waiting) { const then = waiting; waiting = null; then(); }
}

function welcome() {
  if (state.phase !== "idle") return [];
  const email = el("input", { name: "email", type: "email", autocomplete: "off", inputmode: "email", maxlength: "254" });
  const code = el("input", { name: "code", autocomplete: "off", maxlength: "500" });
  const card = el("select", { name: "card" }, ...Object.entries(cards).map(([token, name]) => el("option", { value: token, text: name })));
  place("welcome").onsubmit = (event) => {
    event.preventDefault();
    act.send("/v1/sign-in", { email: email.value.trim(), code: code.value.trim(), card: card.value || "", language: state.language });
  };
  const board = sheets.keys(email);
  board.hidden = true;
  email.addEventListener("pointerdown", () => { board.hidden = false; });
  return [
    el("h1", { text: words.welcome.replace("{store}", state.store) }),
    el("p", { class: "lead", text: words.welcome_note }),
    el("label", { class: "field" }, el("span", { text: words.email_label }), email, el("span", { text: words.email_note })),
    board,
    Object.keys(cards).length ? el("label", { class: "field" }, el("span", { text: words.card_label }), card) : null,
    el("button", { class: "button main-button", "data-key": "start", text: words.start }),
  ].filter(Boolean);
}

function paying() {
  if (state.phase !== "paying" || !state.notices.some((notice) => notice.kind === "lane" && notice.state === "error")) return [];
  return Object.entries(cards).map(([token, name]) => el("button", { type: "button", class: "button", "data-key": token, text: name, onclick: () => act.send("/v1/payment", { card: token }) }));
}

place("find").addEventListener("click", () => act.find(null));
place("help").addEventListener("click", () => act.tap("help"));
place("pay").addEventListener("click", () => act.tap("pay"));
place("staff").addEventListener("click", () => sheets.staff(state, words, act));
place("size").addEventListener("click", () => {
  if (state.phase === "shopping" || state.phase === "paying") act.tap("large_text", !state.large_text);
  else document.documentElement.toggleAttribute("data-large");
});
place("language").addEventListener("click", () => sheets.language(languages, words, (code) => {
  if (state.phase === "shopping" || state.phase === "paying") act.tap("language", code);
  else speak(code).then(() => { state = { ...state, language: code }; render(state, words, act); fill(place("welcome"), [state.phase, code, cards], welcome); });
}));

cards = (await get("/v1/cards").catch(() => ({ cards: {} }))).cards;
await show(await get("/v1/screen"));
const stream = new EventSource("/v1/screen/stream");
stream.addEventListener("screen", (event) => { place("lost").hidden = true; show(JSON.parse(event.data)); });
stream.addEventListener("open", () => { place("lost").hidden = true; });
stream.addEventListener("error", () => { place("lost").hidden = false; });
