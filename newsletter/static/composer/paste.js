// Pasting from a page or a document: links, lists, headings and emphasis come along, nothing else.

import { markdownFrom } from "./markdown.js";
import { insert } from "./toolbar.js";

const LONGEST = 100000;

/** Turn what is pasted as HTML into Markdown, in every text that is Markdown. */
export function pasteAsMarkdown(form) {
  for (const text of form.querySelectorAll("textarea[data-markdown]")) {
    text.addEventListener("paste", (event) => paste(event, text));
  }
}

function paste(event, text) {
  const clipboard = event.clipboardData;
  if (!clipboard) return;
  const html = clipboard.getData("text/html");
  const plain = clipboard.getData("text/plain");
  if (Math.max(plain.length, 0) > LONGEST) {
    event.preventDefault();
    refuse(text, plain.length);
    return;
  }
  // Very large HTML for few words is a document's styles; its plain text says the same.
  if (!html || html.length > 20 * LONGEST) return;
  const words = markdownFrom(html);
  if (!words || words === plain.trim()) return;
  event.preventDefault();
  insert(text, words);
}

function refuse(text, length) {
  const notice = document.createElement("p");
  notice.className = "error";
  notice.setAttribute("role", "alert");
  notice.textContent =
    `Not pasted: it has ${length.toLocaleString("en")} characters, and a text may have ` +
    `${LONGEST.toLocaleString("en")}. Paste a part of it.`;
  text.before(notice);
  setTimeout(() => notice.remove(), 15000);
}
