// Saves the form by itself: three seconds after the last key, and at least every thirty. What
// cannot be saved is kept in this browser and offered again; nothing that was typed is lost.

import { offerWhatWasKept } from "./offering.js";
import { openShelf, snapshot } from "./shelf.js";
import { untyped } from "../untyped.js";

const AFTER_LAST_KEY = 3000;
const AT_LEAST_EVERY = 30000;
const WAITS = [5000, 10000, 20000, 30000];
/** Milliseconds before the next try when the server does not answer. */

const PATIENCE = 15000;
/** Milliseconds that an answer may take. */

const SIGNED_OUT = new Set([400, 403]);

/**
 * Keep the form saved; return `changed`, to be called after a change that no key made, and
 * `version`, which tells what the page is based on.
 */
export function keepSaved(form) {
  const place = document.getElementById("saved");
  const checks = document.getElementById("checks");
  const address = `${form.action}/autosave`;
  const shelf = openShelf(form);
  // A page that was refused holds words that the server does not have; and where it shows two
  // texts, only a button decides between them.
  const isUnsaved = "unsaved" in form.dataset;
  let isHeld = form.dataset.unsaved === "both";
  let saved = isUnsaved ? null : snapshot(untyped(form));
  let refused = isUnsaved ? snapshot(untyped(form)) : null;
  let timer = 0;
  let firstChange = 0;
  let failures = 0;
  let underway = null;
  let isLeaving = false;

  shelf.emptyOf((form.dataset.taken ?? "").split(" ").filter(Boolean));
  if (isUnsaved) shelf.keep();
  else offerWhatWasKept(form, shelf);

  function isNew() {
    const now = snapshot(form);
    return now !== saved && now !== refused;
  }

  function changed() {
    if (!isNew()) {
      clearTimeout(timer);
      return;
    }
    firstChange ||= Date.now();
    plan(Math.max(0, Math.min(AFTER_LAST_KEY, firstChange + AT_LEAST_EVERY - Date.now())));
  }

  function plan(wait) {
    clearTimeout(timer);
    timer = setTimeout(trySaving, wait);
  }

  function trySaving() {
    if (underway || isLeaving || !isNew()) return;
    firstChange = 0;
    if (isHeld) {
      shelf.keep();
      return;
    }
    underway = save(snapshot(form)).finally(() => {
      underway = null;
      if (!isHeld && !failures && isNew()) changed();
    });
  }

  async function save(now) {
    try {
      await take(await send(form, address), now);
      failures = 0;
    } catch (fault) {
      shelf.keep();
      const isSignedOut = fault instanceof SignedOut;
      if (isSignedOut) sayWithSignIn(place, fault.message);
      else say(place, "Not saved yet: no connection. Your words are kept in this browser.");
      if (isSignedOut) await renewToken(form).catch(() => {});
      plan(WAITS[Math.min(failures++, WAITS.length - 1)]);
    }
  }

  async function take(answer, now) {
    const isJson = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
    if (answer.ok && isJson) {
      const facts = await answer.json();
      form.elements.version.value = facts.version;
      form.elements.began.value = facts.version;
      saved = now;
      refused = null;
      shelf.empty();
      say(place, `Saved ${facts.saved_at}`);
      if (checks) checks.innerHTML = facts.checks;
      document.dispatchEvent(new CustomEvent("issue-saved", { detail: facts }));
      return;
    }
    if (answer.redirected || SIGNED_OUT.has(answer.status)) {
      throw new SignedOut("Not saved: you are signed out. Your words are kept in this browser.");
    }
    if (answer.status === 409 || answer.status === 422) {
      shelf.keep();
      refused = now;
      const facts = isJson ? await answer.json() : {};
      isHeld = Boolean(facts.stale);
      // The server shows both texts, or the sentence at its field, when the form is sent as it is.
      stopWith(place, form, facts.sentence ?? "It could not be saved.", isHeld ? "Show both" : "Show where");
      return;
    }
    if (answer.status === 413) {
      shelf.keep();
      refused = now;
      say(place, "Not saved: this is more than an issue can hold. Take out what is too long.");
      return;
    }
    throw new Error(`status ${answer.status}`);
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (snapshot(form) !== saved) shelf.keep();
    const wasLeaving = isLeaving;
    isLeaving = true;
    if (!underway) return;
    // Its answer brings the version that this goes on from.
    event.preventDefault();
    const { submitter } = event;
    if (!wasLeaving) underway.finally(() => form.requestSubmit(submitter));
  });
  window.addEventListener("online", () => plan(0));
  window.addEventListener("pageshow", (event) => {
    // Back from another page: the form may be an old one, and the server tells.
    if (event.persisted) isLeaving = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && snapshot(form) !== saved) {
      shelf.keep();
      event.preventDefault();
    }
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "s") {
      event.preventDefault();
      plan(0);
    }
  });

  // What was typed before this script was there.
  changed();

  return { changed, version: () => Number(form.elements.version.value) };
}

class SignedOut extends Error {}

/** Send the form as it is, without any of its buttons. */
function send(form, address) {
  return fetch(address, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    signal: AbortSignal.timeout(PATIENCE),
  });
}

/** Take the token of a new session, if the same editor has signed in again meanwhile. */
async function renewToken(form) {
  const answer = await fetch(form.action, {
    credentials: "same-origin",
    signal: AbortSignal.timeout(PATIENCE),
  });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.getElementById("write");
  if (now?.dataset.editor !== form.dataset.editor) return;
  form.elements.csrf_token.value = now.elements.csrf_token.value;
}

function say(place, sentence) {
  if (place && place.textContent !== sentence) place.textContent = sentence;
}

/** Say what is wrong, with a button that sends the form the plain way. */
function stopWith(place, form, sentence, words) {
  if (!place) return;
  place.textContent = `${sentence} `;
  const button = document.createElement("button");
  button.type = "submit";
  button.name = "do";
  button.value = "save";
  button.setAttribute("form", form.id);
  button.textContent = words;
  place.append(button);
}

function sayWithSignIn(place, sentence) {
  if (!place || place.textContent.startsWith(sentence)) return;
  place.textContent = `${sentence} `;
  const link = document.createElement("a");
  link.href = "/desk/sign-in";
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "Sign in beside this page, then go on here";
  place.append(link);
}
