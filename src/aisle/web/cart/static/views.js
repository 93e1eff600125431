// The screen's places, each filled from one part of the state. Nothing here decides anything.

import { el, fill, picture } from "./dom.js";

const place = (id) => document.getElementById(id);
let known = null; // line ids seen, so that new ones can be marked

export function render(state, words, act) {
  const body = document.body;
  body.dataset.phase = state.phase.replaceAll(" ", "-");
  document.documentElement.toggleAttribute("data-large", state.large_text);
  document.documentElement.lang = state.language;
  place("size").setAttribute("aria-pressed", String(state.large_text));
  place("language-code").textContent = state.language.toUpperCase();
  place("cart-name").textContent = words.cart_name.replace("{number}", state.cart_id.replace(/^cart-/, ""));
  place("help").disabled = state.help_called;
  fill(place("last"), [state.last, words.last_empty], () => last(state, words));
  fill(place("questions"), [state.questions, state.cannot_scan, state.language], () => questions(state, words, act));
  fill(place("deals"), [state.hints, state.deals, state.language], () => offers(state));
  fill(place("slot"), [state.mode, state.lines.length > 0, state.language], () => slot(state, words, act));
  place("slot").classList.toggle("slot-mode", Boolean(state.mode));
  fill(place("notices"), state.notices, () => state.notices.map((n) => el("li", { class: "notice", "data-state": n.state, text: n.text })));
  place("items").textContent = state.total.items;
  const fresh = known === null ? new Set() : new Set(state.lines.map((l) => `${l.line_id}*${l.quantity}`).filter((id) => !known.has(id)));
  known = new Set(state.lines.map((l) => `${l.line_id}*${l.quantity}`));
  fill(place("lines"), state.lines, () => state.lines.map((one) => line(one, fresh.has(`${one.line_id}*${one.quantity}`))));
  if (place("amount").textContent !== state.total.amount) place("amount").textContent = state.total.amount;
  place("note").textContent = state.total.note;
  place("note").dataset.state = state.total.state;
  place("saved").textContent = state.total.saved;
  place("saved").hidden = !state.total.saved;
  place("pay").disabled = state.phase !== "shopping";
  place("pay").hidden = state.phase !== "shopping";
  fill(place("thanks"), [state.receipt, state.phase, state.language], () => thanks(state, words, act));
}

function last(state, words) {
  const item = state.last;
  place("last").classList.toggle("last-empty", !item);
  if (!item) {
    return el("div", { class: "last-text" }, el("h1", { class: "last-name", text: words.last_empty }), el("p", { class: "last-detail", text: words.last_empty_note }));
  }
  return [
    picture(item.picture, item.name),
    el("div", { class: "last-text" },
      el("p", { class: "last-label", text: `✓ ${item.label}` }),
      el("h1", { class: "last-name", text: item.name }),
      el("p", {}, el("span", { class: "amount big", text: item.amount }), " ", el("span", { class: "last-detail", text: item.detail }))),
  ];
}

export function tile(one, onclick) {
  return el("button", { type: "button", class: "tile", "data-key": one.value, onclick },
    picture(one.picture, one.name),
    el("span", {}, el("span", { class: "tile-name", text: one.name }), el("br"), el("span", { class: "tile-price", text: one.price })));
}

function questions(state, words, act) {
  const shown = state.questions.map((question) => {
    const answers = question.answers.map((answer) => {
      const onclick = () => act.tap("answer", { prompt: question.prompt_id, choice: answer.value });
      return answer.price || answer.picture
        ? tile(answer, onclick)
        : el("button", { type: "button", class: "button", "data-key": `${question.prompt_id}-${answer.value}`, text: answer.name, onclick });
    });
    if (question.search) {
      answers.push(el("button", { type: "button", class: "button", "data-key": `${question.prompt_id}-search`, text: words.yes_search, onclick: () => act.find(question) }));
    }
    return el("article", { class: "question", "data-state": question.state },
      el("div", {}, el("h2", { text: question.title }), el("p", { class: "question-reason", text: question.reason })),
      answers.length ? el("div", { class: "answers" }, ...answers) : null);
  });
  if (state.cannot_scan) {
    shown.push(el("article", { class: "question", "data-state": "sure" },
      el("div", {}, el("h2", { text: words.cannot_scan_title }), el("p", { class: "question-reason", text: words.cannot_scan_note })),
      el("div", { class: "answers" },
        el("button", { type: "button", class: "button", "data-key": "cannot-find", text: words.yes_search, onclick: () => act.find(null) }),
        el("button", { type: "button", class: "button", "data-key": "cannot-help", text: words.yes_help, onclick: () => act.tap("help") }))));
  }
  return shown;
}

function offers(state) {
  const hints = state.hints.slice(0, 1).map((hint) => el("li", { class: "card deal" }, picture(hint.picture, hint.text),
    el("div", {}, el("p", { class: "deal-name", text: hint.text }))));
  const deals = state.deals.slice(0, 3 - hints.length).map((deal) => el("li", { class: "card deal" }, picture(deal.picture, deal.name),
    el("div", {}, el("p", { class: "deal-name", text: deal.name }),
      el("p", {}, el("span", { class: "amount", text: deal.price }), deal.before ? el("span", { class: "before", text: deal.before }) : null),
      el("p", { class: "deal-offer", text: deal.offer }), deal.near ? el("p", { class: "soft", text: deal.near }) : null)));
  return [...hints, ...deals];
}

function slot(state, words, act) {
  if (state.mode) {
    return [el("p", { text: words[`${state.mode}_on`] }),
      el("button", { type: "button", class: "button", "data-key": "done", text: words[`${state.mode}_done`], onclick: () => act.tap(state.mode, false) })];
  }
  const button = (word, onclick, disabled = false) => el("button", { type: "button", class: "button", "data-key": word, text: words[word], onclick, disabled });
  return [
    button("own_bag", () => act.tap("own_bag", true)),
    button("personal_item", () => act.tap("personal_item", true)),
    button("took_out", () => act.tookOut(), state.lines.length === 0),
    button("cannot_scan", () => act.find(null)),
  ];
}

function line(one, fresh) {
  const notes = [one.detail, one.note].filter(Boolean).map((text) => el("p", { class: "line-note", text }));
  const savings = one.savings.map((saving) => el("p", { class: "line-saved", text: `${saving.label}: −${saving.amount}` }));
  return el("li", { class: "line", "data-state": one.state, "data-new": fresh },
    picture(one.picture, one.name),
    el("div", {}, el("p", { class: "line-name", text: one.name }), ...notes, ...savings),
    el("div", { class: "line-amount" }, el("span", { class: "amount", text: one.amount }), one.before ? el("span", { class: "before amount", text: one.before }) : null));
}

function thanks(state, words, act) {
  if (state.phase !== "paid") return [];
  return [
    el("div", { class: "thanks-text" }, el("h1", { text: words.note_paid }),
      el("p", { class: "lead", text: state.total.saved }),
      el("button", { type: "button", class: "button main-button", "data-key": "finish", text: words.next_shopper, onclick: () => act.finish() })),
    el("pre", { text: state.receipt, tabindex: "0", "aria-label": words.seen_receipt }),
  ];
}
