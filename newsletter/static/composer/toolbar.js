// A small toolbar over each text: marks around what is selected, lines turned into lists, and the
// merge fields in a menu. What it writes is plain Markdown, and Undo takes it back.

const MARKS = [
  { words: "Bold", key: "b", mark: "**", sample: "bold words" },
  { words: "Italic", key: "i", mark: "*", sample: "words in italics" },
];
const LINES = [
  { words: "Heading", start: () => "## " },
  { words: "List", start: () => "- " },
  { words: "Numbered list", start: (place) => `${place + 1}. ` },
  { words: "Quote", start: () => "> " },
];

/** Put a toolbar before every text that is Markdown. */
export function addToolbars(form) {
  const fields = JSON.parse(form.dataset.fields || "[]");
  for (const text of form.querySelectorAll("textarea[data-markdown]")) add(text, fields);
}

function add(text, fields) {
  const bar = document.createElement("div");
  bar.className = "toolbar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-controls", text.id);
  bar.setAttribute("aria-label", `Formatting of ${labelOf(text)}`);
  for (const one of MARKS) bar.append(button(one.words, () => wrap(text, one.mark, one.sample)));
  bar.append(button("Link", () => link(text)));
  for (const one of LINES) bar.append(button(one.words, () => lines(text, one.start)));
  if (fields.length) bar.append(...menu(text, fields));
  text.before(bar);
  rove(bar);
  text.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    const mark = MARKS.find(({ key }) => key === event.key.toLowerCase());
    if (mark) wrap(text, mark.mark, mark.sample);
    else if (event.key.toLowerCase() === "k") link(text);
    else return;
    event.preventDefault();
  });
}

function labelOf(text) {
  return text.labels?.[0]?.textContent.trim() || "the text";
}

function button(words, act) {
  const one = document.createElement("button");
  one.type = "button";
  one.textContent = words;
  one.addEventListener("click", act);
  return one;
}

/** A menu of the merge fields, and the button that writes the chosen one at the cursor. */
function menu(text, fields) {
  const list = document.createElement("select");
  list.setAttribute("aria-label", "Merge field");
  for (const field of fields) list.append(new Option(field, field));
  const one = button("Insert", () => insert(text, list.value));
  one.setAttribute("aria-label", "Insert the merge field");
  return [list, one];
}

/** One tab stop for the toolbar; arrow keys go along it (ARIA toolbar pattern). */
function rove(bar) {
  const stops = [...bar.children];
  stops.forEach((stop, place) => (stop.tabIndex = place ? -1 : 0));
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const here = stops.indexOf(document.activeElement);
    const next = stops[(here + step + stops.length) % stops.length];
    stops.forEach((stop) => (stop.tabIndex = stop === next ? 0 : -1));
    next.focus();
  });
}

/** Write `words` in the place of what is selected; Undo knows of it where the browser lets it. */
export function insert(text, words) {
  text.focus();
  // The one way that keeps Undo, in all browsers; where it fails the words come all the same.
  if (!document.execCommand("insertText", false, words)) {
    text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}

function wrap(text, mark, sample) {
  const { selectionStart: start, selectionEnd: end, value } = text;
  const words = value.slice(start, end);
  const inner = words.trim() || sample;
  const before = words.slice(0, words.length - words.trimStart().length);
  const after = words.trim() ? words.slice(words.trimEnd().length) : "";
  insert(text, `${before}${mark}${inner}${mark}${after}`);
  const first = start + before.length + mark.length;
  text.setSelectionRange(first, first + inner.length);
}

function link(text) {
  const { selectionStart: start, selectionEnd: end, value } = text;
  const words = value.slice(start, end).trim() || "words of the link";
  const address = "https://";
  insert(text, `[${words}](${address})`);
  const first = start + words.length + 3;
  text.setSelectionRange(first, first + address.length);
}

function lines(text, start) {
  const { selectionStart, selectionEnd, value } = text;
  const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const end = value.indexOf("\n", selectionEnd);
  const to = end < 0 ? value.length : end;
  const marked = value
    .slice(from, to)
    .split("\n")
    .map((line, place) => start(place) + line.replace(/^(?:#{1,6} |- |\d+\. |> )/, ""))
    .join("\n");
  text.setSelectionRange(from, to);
  insert(text, marked);
}
