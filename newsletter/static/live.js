// Keeps the numbers of an issue on its way true while somebody looks.
// Without it, a frame loads itself again; with it, the frame gives way to pieces of the page.

import { liken } from "./liken.js";

const EVERY = 2000; // milliseconds between two looks
const SLOWEST = 30000; // after failed ones
const PATIENCE = 10000; // for one answer
const SAY_EVERY = 10000; // between two sentences for screen readers
const TRIES = 3; // failed looks before it is said

const page = document.getElementById("live");
const status = document.getElementById("live-says");
const lost = document.getElementById("live-lost");
const changed = document.getElementById("live-changed");

let pause = EVERY;
let failed = 0;
let saidAt = Date.now();
let timer = 0;
let isLooking = false;
let isOver = false;

function say(sentence) {
  if (sentence === status.textContent) return;
  status.textContent = sentence;
  saidAt = Date.now();
}

async function look() {
  const answer = await fetch(page.dataset.live, {
    cache: "no-store",
    redirect: "error", // who signed out is not shown the sign-in page here
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  const news = parsed.getElementById("live");
  for (const piece of news.querySelectorAll(":scope > [id]")) {
    const old = document.getElementById(piece.id);
    if (old) liken(old, piece);
  }
  isOver = "final" in news.dataset;
  if (isOver || news.dataset.state !== page.dataset.state) {
    changed.hidden = false;
    say(changed.firstChild.textContent.trim());
  } else if (Date.now() - saidAt >= SAY_EVERY) {
    say(news.dataset.says);
  }
}

async function follow() {
  clearTimeout(timer);
  if (isLooking || isOver || document.hidden) return;
  isLooking = true;
  try {
    await look();
    [pause, failed] = [EVERY, 0];
  } catch {
    [pause, failed] = [Math.min(2 * pause, SLOWEST), failed + 1];
  }
  isLooking = false;
  lost.hidden = failed < TRIES;
  timer = setTimeout(follow, pause);
}

if (page) {
  // Nobody looks: nothing is asked. Somebody does again: at once.
  document.addEventListener("visibilitychange", follow);
  follow();
}
