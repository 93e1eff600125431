// Sheets over the screen: finding a product, what was taken out, the language, staff. One is open at a time.

import { el, get, post } from "./dom.js";
import { tile } from "./views.js";

const sheet = document.getElementById("sheet");
const ROWS = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm@.-_"];
const NUMBERS = ["123", "456", "789", "0"];
let token = ""; // of the member of staff signed in on this screen

sheet.addEventListener("click", (event) => {
  if (event.target === sheet) sheet.close();
});

function open(title, words, body, foot = null) {
  sheet.replaceChildren(
    el("div", { class: "sheet-head" }, el("h2", { id: "sheet-title", text: title }),
      el("button", { type: "button", class: "button", text: words.close, onclick: () => sheet.close() })),
    el("div", { class: "sheet-body" }, ...body), foot || el("div"));
  if (!sheet.open) sheet.showModal();
}

// Keys for screens without a keyboard; a real one works as well.
export function keys(input, rows = ROWS) {
  const press = (key) => {
    if (key === "⌫") input.value = input.value.slice(0, -1);
    else input.value += key;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const key = (sign, wide = false) => el("button", { type: "button", class: wide ? "key key-wide" : "key", tabindex: "-1", text: sign === " " ? "␣" : sign, onclick: () => press(sign) });
  const board = rows.map((row) => el("div", { class: "keys-row" }, ...[...row].map((sign) => key(sign))));
  board.push(el("div", { class: "keys-row" }, rows === ROWS ? key(" ", true) : null, key("⌫", true)));
  return el("div", { class: "keys" }, ...board);
}

export function find(words, chosen) {
  const results = el("div", { class: "tiles", "aria-live": "polite" });
  const input = el("input", { type: "search", id: "find-input", autocomplete: "off", placeholder: words.find_hint, maxlength: "60" });
  let asked = 0;
  const look = async () => {
    const turn = ++asked;
    const found = await get(`/v1/tiles?q=${encodeURIComponent(input.value)}&most=24`).catch(() => ({ tiles: [] }));
    if (turn !== asked) return;
    results.replaceChildren(...found.tiles.map((one) => tile(one, () => { sheet.close(); chosen(one); })));
    if (!found.tiles.length) results.append(el("p", { class: "soft", text: words.find_none }));
  };
  input.addEventListener("input", look);
  open(words.find, words, [el("label", { class: "field" }, el("span", { text: words.find_hint }), input), results], keys(input));
  input.focus();
  look();
}

export function tookOut(state, words, act) {
  const lines = state.lines.map((line) => tile({ value: line.line_id, name: line.name, price: line.detail || line.amount, picture: line.picture },
    () => { sheet.close(); act.tap("remove", line.line_id); }));
  open(words.took_out_title, words, [el("p", { class: "lead", text: words.took_out_note }), el("div", { class: "tiles" }, ...lines)]);
}

export function language(languages, words, chosen) {
  const buttons = Object.entries(languages).map(([code, name]) => el("button", { type: "button", class: "button", lang: code, text: name, onclick: () => { sheet.close(); chosen(code); } }));
  open(words.language, words, [el("div", { class: "answers" }, ...buttons)]);
}

export function staff(state, words, act) {
  if (token && state.staff) staffActs(state, words, act);
  else staffSignIn(words, act);
}

function staffSignIn(words, act) {
  const number = el("input", { name: "number", autocomplete: "off", maxlength: "16" });
  const pin = el("input", { name: "pin", type: "password", autocomplete: "off", maxlength: "64" });
  const problem = el("p", { class: "note", role: "status" });
  let into = number;
  for (const input of [number, pin]) input.addEventListener("focus", () => { into = input; });
  const send = async (event) => {
    event.preventDefault();
    try {
      const found = await post("/v1/staff/sign-in", { number: number.value, pin: pin.value });
      token = found.token;
      act.again(() => staff(act.state(), words, act));
    } catch (error) {
      const wait = error.status === 429 ? (error.problem.expected || "").replace(/\D/g, "") : "";
      problem.textContent = wait ? words.staff_locked.replace("{seconds}", wait) : words.staff_unknown;
      pin.value = "";
    }
  };
  const form = el("form", { class: "welcome", onsubmit: send },
    el("label", { class: "field" }, el("span", { text: words.staff_number }), number),
    el("label", { class: "field" }, el("span", { text: words.staff_pin }), pin), problem,
    el("button", { class: "button main-button", text: words.staff_sign_in }));
  const proxy = { get value() { return into.value; }, set value(text) { into.value = text; }, dispatchEvent() {} };
  open(words.staff_title, words, [form], keys(proxy, NUMBERS));
  number.focus();
}

function staffActs(state, words, act) {
  const reasons = ["miscounted", "not_taken", "wrong_price", "damaged", "personal", "other"];
  const reason = el("select", {}, ...reasons.map((name) => el("option", { value: words[`reason_${name}`], text: words[`reason_${name}`] })));
  const put = async (body) => {
    try {
      const next = await post("/v1/staff/acts", { reason: reason.value, ...body }, token);
      if (next.phase === "shopping" || next.phase === "paying") staffActs(next, words, act);
      else sheet.close();
    } catch (error) {
      if (error.status === 401) { token = ""; staffSignIn(words, act); } else act.say(error.message);
    }
  };
  const button = (text, onclick) => el("button", { type: "button", class: "button", text, onclick });
  const lines = state.lines.map((line) => el("div", { class: "staff-line" },
    el("span", { text: `${line.name} · ${line.detail || line.amount}` }),
    el("span", { class: "staff-acts" },
      line.grams === null ? button("−", () => put({ kind: "set_quantity", about: line.line_id, quantity: Math.max(0, line.quantity - 1) })) : null,
      line.grams === null ? button("+", () => put({ kind: "set_quantity", about: line.line_id, quantity: line.quantity + 1 })) : null),
    button(words.staff_remove, () => put({ kind: "remove_line", about: line.line_id }))));
  const open_items = [
    ...(state.staff?.audit || []).map((item) => ({ text: item.text, kind: "resolve_audit", about: item.audit_id, word: "staff_resolve" })),
    ...state.questions.map((question) => ({ text: question.title, kind: "resolve_prompt", about: question.prompt_id, word: "staff_resolve" })),
    ...(state.staff?.flags || []).filter((flag) => flag !== "help" || state.help_called).map((flag) => ({ text: words[`check_staff_${flag}`] || words.help_called, kind: "clear_flag", about: flag, word: "staff_clear_flag" })),
  ].map((item) => el("div", { class: "staff-line" }, el("span", { text: item.text }), el("span"), button(words[item.word], () => put({ kind: item.kind, about: item.about }))));
  if (state.phase === "out of service") {
    open_items.push(...state.faults.map((text) => el("p", { class: "lead", text })));
    open_items.push(el("div", { class: "staff-acts" }, button(words.staff_clear_flag, () => put({ kind: "device_checked" }))));
  }
  const leave = async () => { await post("/v1/staff/sign-out", {}, token).catch(() => {}); token = ""; sheet.close(); };
  const add = () => find(words, (one) => { put({ kind: "add_line", gtin: one.value }); });
  open(words.staff_hello.replace("{name}", state.staff?.name || ""), words, [
    el("label", { class: "field" }, el("span", { text: words.staff_why }), reason),
    el("div", {}, ...open_items), el("div", {}, ...lines),
    el("div", { class: "staff-acts" }, button(words.staff_add, add), button(words.staff_transfer, () => put({ kind: "transfer" })),
      button(words.staff_start_over, () => put({ kind: "start_over" })), button(words.staff_void, () => put({ kind: "void" })), button(words.staff_sign_out, leave)),
  ]);
}
