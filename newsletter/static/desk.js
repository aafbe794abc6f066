// Keys for who prefers them: one letter, or g and a letter. Never while somebody types, and each
// editor can turn them off (WCAG 2.1.4). Every place they lead to has a link or a button as well.

const SWITCH = "keys";
const PATIENCE = 1500; // milliseconds between g and the letter after it

const PLACES = { n: "/desk/", i: "/desk/issues/", l: "/desk/library/" };
const TYPED_INTO = "input, textarea, select, [contenteditable], [role=textbox]";

const field = document.getElementById("find");
const list = document.getElementById("keys");
let waitsUntil = 0;

const areOn = () => {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true; // A browser that keeps nothing.
  }
};

function turn(on) {
  try {
    if (on) localStorage.removeItem(SWITCH);
    else localStorage.setItem(SWITCH, "off");
  } catch {
    // It holds for no page then; nothing else is lost.
  }
}

const ACTS = {
  "?": () => list?.showModal(),
  "/": () => {
    field?.focus();
    field?.select();
  },
  n: () => location.assign("/desk/issues/new"),
  g: () => {
    waitsUntil = Date.now() + PATIENCE;
  },
};

function actFor(key) {
  const place = Date.now() < waitsUntil && PLACES[key];
  waitsUntil = 0;
  return place ? () => location.assign(place) : ACTS[key];
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
  if (event.defaultPrevented || event.target.closest?.(TYPED_INTO) || !areOn()) return;
  if (document.querySelector("dialog[open]")) return;
  const act = event.key === "Shift" ? undefined : actFor(event.key);
  if (!act) return;
  event.preventDefault();
  act();
});

// What was found is gone through by the arrows, from the field on.
const finds = [...document.querySelectorAll(".finds li a")];

addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [field, ...finds];
  const place = stops.indexOf(document.activeElement);
  if (!step || place < 0 || finds.length === 0 || event.altKey || event.isComposing) return;
  event.preventDefault();
  stops[Math.min(Math.max(place + step, 0), stops.length - 1)].focus();
});

for (const box of document.querySelectorAll("input[data-keys]")) {
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.checked = areOn();
  box.addEventListener("change", () => turn(box.checked));
}
