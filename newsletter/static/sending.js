// The sentence on the page before sending follows what is chosen, and its counts stay true.
// The server writes every word of it; without this, the button “Say it again” does the same.

const EVERY = 30_000; // milliseconds between two counts
const PAUSE = 300; // after the last key
const PATIENCE = 15_000;

const form = document.getElementById("when");
const changed = document.getElementById("changed");
const button = form?.querySelector("button.primary");

let timer = 0;
let asked = 0;

function put(id, words) {
  const place = document.getElementById(id);
  // A screen reader says what is new, and only that.
  if (place.textContent !== words) place.textContent = words;
  const finding = place.closest(".finding");
  if (finding) finding.hidden = !words;
}

async function say() {
  clearTimeout(timer);
  timer = setTimeout(trying, EVERY);
  if (document.hidden) return;
  const turn = ++asked;
  const chosen = new URLSearchParams({ when: form.dataset.when });
  for (const name of ["at", "zone", "hold"]) {
    const field = form.elements[name];
    if (field) chosen.set(name, field.value);
  }
  const answer = await fetch(`${form.dataset.say}?${chosen}`, {
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
}

// What could not be asked is asked again by the timer; the sentence stays as it was.
const trying = () => say().catch(() => {});

if (form) {
  document.getElementById("say-again").hidden = true;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(trying, PAUSE);
  });
  document.addEventListener("visibilitychange", trying);
  timer = setTimeout(trying, EVERY);
}
