// How long subject and preheader are, beside what inboxes show of them.

const SHOWN = { subject: 60, preheader: 100 };

/** Show under each field how many characters it has, politely, as somebody types. */
export function count(form) {
  for (const [name, most] of Object.entries(SHOWN)) {
    const field = form.elements[name];
    if (!(field instanceof HTMLInputElement)) continue;
    const counter = document.createElement("p");
    counter.className = "counter";
    field.after(counter);
    const show = () => {
      const length = [...field.value].length;
      counter.textContent = length
        ? `${length} characters; most inboxes show about ${most}`
        : `Most inboxes show about ${most} characters`;
    };
    field.addEventListener("input", show);
    show();
  }
}
