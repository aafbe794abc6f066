// What is said before sending follows what is chosen, with what the checks find then; its counts
// stay true. The server writes every word of it; without this, “Say it again” does the same.

import { liken } from "./liken.js";
import { untyped } from "./untyped.js";

const EVERY = 30_000; // milliseconds between two counts
const PAUSE = 300; // after the last key
const PATIENCE = 15_000;
const CHOSEN = ["when", "at", "zone", "hold"];

const form = document.getElementById("when");
const changed = document.getElementById("changed");
const button = form?.querySelector("button[value=go]");
const fold = form?.closest("details");

let timer = 0;
let asked = 0;

function put(id, words) {
  const place = document.getElementById(id);
  // A screen reader says what is new, and only that.
  if (place.textContent !== words) place.textContent = words;
  const finding = place.closest(".finding");
  if (finding) finding.hidden = !words;
}

function putChecks(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const piece of [...parsed.body.children]) {
    const old = document.getElementById(piece.id);
    if (old) liken(old, piece);
  }
}

function chosen(from = form) {
  const fields = CHOSEN.map((name) => from.elements[name]).filter(Boolean);
  return new URLSearchParams(fields.map((field) => [field.name, field.value]));
}

// Typed before this script was there, or put back by the browser.
function isChanged() {
  return String(chosen(untyped(form))) !== String(chosen());
}

// On the way back from another page, and from the other way, what was chosen is there again.
function keep() {
  if (!form.dataset.page) return;
  const all = chosen();
  history.replaceState(history.state, "", `${form.dataset.page}?${all}`);
  for (const tab of document.querySelectorAll(".tabs a")) {
    const when = new URL(tab.href).searchParams.get("when") ?? "at";
    tab.href = `${form.dataset.page}?${new URLSearchParams({ ...Object.fromEntries(all), when })}`;
  }
}

async function say() {
  clearTimeout(timer);
  timer = setTimeout(trying, EVERY);
  if (document.hidden || (fold && !fold.open)) return;
  const turn = ++asked;
  const all = chosen();
  const answer = await fetch(`${form.dataset.say}?${all}`, {
    cache: "no-store",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const said = await answer.json();
  // Two answers may overtake each other.
  if (turn !== asked) return;
  if (said.sentence === undefined) {
    changed.hidden = false;
    if (button) button.disabled = true;
    clearTimeout(timer);
    return;
  }
  put("sentence", said.sentence);
  put("left-out", said.left_out);
  put("oddity", said.oddity);
  put("wrong", said.wrong);
  putChecks(said.checks);
  form.elements.shown_for.value = `${all.get("at")} ${all.get("zone")}`;
  if (button) button.disabled = said.is_stopped;
}

// What could not be asked is asked again by the timer; the sentence stays as it was.
const trying = () => say().catch(() => {});

if (form) {
  document.getElementById("say-again").hidden = true;
  const follow = () => {
    keep();
    clearTimeout(timer);
    timer = setTimeout(trying, PAUSE);
  };
  form.addEventListener("input", follow);
  document.addEventListener("visibilitychange", trying);
  fold?.addEventListener("toggle", trying);
  timer = setTimeout(trying, EVERY);
  if (isChanged()) follow();
}
