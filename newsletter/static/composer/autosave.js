// Saves the form by itself: three seconds after the last key, and at least every thirty. What
// cannot be saved is kept in this browser and offered again; nothing that was typed is lost.

const AFTER_LAST_KEY = 3000;
const AT_LEAST_EVERY = 30000;
const WAITS = [5000, 10000, 20000, 30000];
/** Milliseconds before the next try when the server does not answer. */

const NOT_KEPT = new Set(["csrf_token", "version", "began", "do"]);

/**
 * Keep the form saved; return `changed`, to be called after a change that no key made, and
 * `version`, which tells what the page is based on.
 */
export function keepSaved(form) {
  const place = document.getElementById("saved");
  const checks = document.getElementById("checks");
  const address = `${form.action}/autosave`;
  const shelf = `composer ${form.dataset.issue} ${value(form, "language")}`;
  let saved = snapshot(asItCame(form));
  let timer = 0;
  let firstChange = 0;
  let failures = 0;
  let isBusy = false;
  let isStopped = false;
  let isLeaving = false;

  offerWhatWasKept(form, shelf, saved, changed);

  function changed() {
    if (isStopped) return;
    if (snapshot(form) === saved) {
      clearTimeout(timer);
      return;
    }
    firstChange ||= Date.now();
    const wait = Math.max(0, Math.min(AFTER_LAST_KEY, firstChange + AT_LEAST_EVERY - Date.now()));
    plan(wait);
  }

  function plan(wait) {
    clearTimeout(timer);
    timer = setTimeout(save, wait);
  }

  async function save() {
    if (isBusy || isStopped || isLeaving) return;
    const now = snapshot(form);
    if (now === saved) return;
    isBusy = true;
    firstChange = 0;
    try {
      const answer = await send(form, address);
      failures = 0;
      await take(answer, now);
    } catch {
      keepOnShelf(shelf, form);
      say(place, "Not saved yet: no connection. Your words are kept in this browser.");
      plan(WAITS[Math.min(failures++, WAITS.length - 1)]);
    } finally {
      isBusy = false;
    }
    if (!isStopped && !failures && snapshot(form) !== saved) changed();
  }

  async function take(answer, now) {
    const is_json = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
    if (answer.ok && is_json) {
      const facts = await answer.json();
      form.elements.version.value = facts.version;
      form.elements.began.value = facts.version;
      saved = now;
      localStorage.removeItem(shelf);
      say(place, `Saved ${facts.saved_at}`);
      if (checks) checks.innerHTML = facts.checks;
      document.dispatchEvent(new CustomEvent("issue-saved", { detail: facts }));
      return;
    }
    keepOnShelf(shelf, form);
    if (answer.status === 409 || answer.status === 422) {
      const facts = is_json ? await answer.json() : {};
      const sentence = facts.sentence ?? "It could not be saved.";
      // The server shows both texts, or the sentence at its field, when the form is sent as it is.
      isStopped = Boolean(facts.stale);
      stopWith(place, form, sentence, facts.stale ? "Show both" : "Show where");
      if (!isStopped) saved = now;
      return;
    }
    if (answer.redirected || answer.status === 403 || answer.status === 400) {
      stopWith(place, form, "Not saved: you are signed out. Your words are kept in this browser.", "");
      signInBeside(place);
      plan(WAITS.at(-1));
      return;
    }
    if (answer.status === 413) {
      say(place, "Not saved: this is more than an issue can hold. Take out what is too long.");
      return;
    }
    throw new Error(`status ${answer.status}`);
  }

  form.addEventListener("input", changed);
  form.addEventListener("change", changed);
  form.addEventListener("submit", () => {
    isLeaving = true;
    clearTimeout(timer);
  });
  window.addEventListener("online", () => plan(0));
  window.addEventListener("pageshow", (event) => {
    // Back from another page: the form may be an old one, and the server tells.
    if (event.persisted) isLeaving = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && snapshot(form) !== saved) {
      keepOnShelf(shelf, form);
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

  return { changed, version: () => Number(value(form, "version")) };
}

/** Send the form as it is, without any of its buttons. */
function send(form, address) {
  return fetch(address, {
    method: "POST",
    body: new URLSearchParams(new FormData(form)),
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  });
}

/** Return everything in the form that a person can change, as one text to compare. */
function snapshot(form) {
  const fields = [...new FormData(form)].filter(([name]) => !NOT_KEPT.has(name));
  return JSON.stringify(fields);
}

/** Return the form as the server sent it, without what was typed since. */
function asItCame(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return copy;
}

function value(form, name) {
  return form.elements[name]?.value ?? "";
}

function say(place, sentence) {
  if (place && place.textContent !== sentence) place.textContent = sentence;
}

/** Say what is wrong, with a button that sends the form the plain way. */
function stopWith(place, form, sentence, words) {
  if (!place) return;
  place.textContent = `${sentence} `;
  if (!words) return;
  const button = document.createElement("button");
  button.type = "submit";
  button.name = "do";
  button.value = "save";
  button.setAttribute("form", form.id);
  button.textContent = words;
  place.append(button);
}

function signInBeside(place) {
  if (!place) return;
  const link = document.createElement("a");
  link.href = "/desk/sign-in";
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "Sign in beside this page, then go on here";
  place.append(link);
}

function keepOnShelf(shelf, form) {
  try {
    localStorage.setItem(shelf, JSON.stringify({ at: Date.now(), fields: [...new FormData(form)] }));
  } catch {
    // A full or forbidden store: the words are still in the page.
  }
}

/** Offer what an earlier visit could not save, if it says something else than the page. */
function offerWhatWasKept(form, shelf, saved, changed) {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(shelf) ?? "null");
  } catch {
    localStorage.removeItem(shelf);
  }
  if (!kept?.fields) return;
  const fields = kept.fields.filter(([name]) => !NOT_KEPT.has(name));
  if (JSON.stringify(fields) === saved) {
    localStorage.removeItem(shelf);
    return;
  }
  const notice = document.createElement("div");
  notice.className = "notice warn";
  notice.setAttribute("role", "status");
  const when = new Date(kept.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const words = document.createElement("p");
  words.textContent = `This browser kept words from ${when} that were not saved.`;
  const actions = document.createElement("div");
  actions.className = "actions";
  actions.append(
    choice("Put them back", () => {
      putBack(form, fields);
      notice.remove();
      changed();
    }),
    choice("Throw them away", () => {
      localStorage.removeItem(shelf);
      notice.remove();
    }),
  );
  notice.append(words, actions);
  form.before(notice);
}

function choice(words, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  button.addEventListener("click", act);
  return button;
}

function putBack(form, fields) {
  for (const [name, text] of fields) {
    const field = form.elements[name];
    if (field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) {
      field.value = text;
    } else if (field instanceof HTMLInputElement && field.type === "text") {
      field.value = text;
    }
  }
}
