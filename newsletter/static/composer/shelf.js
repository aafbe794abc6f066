// What this browser keeps of a page until the server has it: each window has a shelf of its own,
// named by editor, issue, language and window, so that nobody is offered a colleague's words.

const NOT_KEPT = new Set(["csrf_token", "version", "began", "window", "do"]);

/** Return everything in the form that a person can change, as one text to compare. */
export function snapshot(form) {
  return wordsOf([...new FormData(form)]);
}

/** Return the form's own shelf; the form is given the name of its window if it has none. */
export function openShelf(form) {
  const name = form.elements.window;
  name.value ||= `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
  const all = `composer ${form.dataset.editor} ${form.dataset.issue} ${form.elements.language.value} `;
  const own = all + name.value;

  return {
    keep() {
      write(own, JSON.stringify({ at: Date.now(), fields: [...new FormData(form)] }));
    },
    empty() {
      drop(own);
    },
    /** Drop what the server says it has taken of other windows, in any language. */
    emptyOf(windows) {
      for (const taken of windows) names().filter((one) => one.endsWith(` ${taken}`)).forEach(drop);
    },
    /** Return what other windows kept and this page does not say, the newest first. */
    others() {
      const said = snapshot(form);
      return names()
        .filter((one) => one.startsWith(all) && one !== own)
        .map((one) => ({ name: one, ...read(one) }))
        .filter((one) => {
          const isNew = one.fields && wordsOf(one.fields) !== said;
          if (!isNew) drop(one.name);
          return isNew;
        })
        .sort((one, other) => other.at - one.at);
    },
    drop,
  };
}

function wordsOf(fields) {
  return JSON.stringify(fields.filter(([name]) => !NOT_KEPT.has(name)));
}

function names() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? {};
  } catch {
    return {};
  }
}

function write(name, text) {
  try {
    localStorage.setItem(name, text);
  } catch {
    // A full or forbidden store: the words are still in the page.
  }
}

function drop(name) {
  try {
    localStorage.removeItem(name);
  } catch {
    // There is nothing to drop in a forbidden store.
  }
}
