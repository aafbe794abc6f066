// The composer's comfort: it saves by itself, knows who else writes, lets blocks be dragged and
// helps with Markdown. Without it the page works by its buttons.

import { keepSaved } from "./autosave.js";
import { count } from "./counters.js";
import { letDrag } from "./order.js";
import { pasteAsMarkdown } from "./paste.js";
import { watchOthers } from "./presence.js";
import { addToolbars } from "./toolbar.js";

const form = document.getElementById("write");
if (form instanceof HTMLFormElement) {
  const saving = keepSaved(form);
  letDrag(form, saving.changed);
  addToolbars(form);
  pasteAsMarkdown(form);
  count(form);
  watchOthers(form, saving);
}
