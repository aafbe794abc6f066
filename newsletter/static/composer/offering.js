// Words that an earlier page could not save, offered to be sent as they were then. The server
// decides what becomes of them: it shows both texts where somebody saved newer ones since.

/** Say above the form what is on other windows' shelves, each with its two buttons. */
export function offerWhatWasKept(form, shelf) {
  for (const kept of shelf.others()) form.before(notice(form, shelf, kept));
}

function notice(form, shelf, kept) {
  const box = document.createElement("div");
  box.className = "notice warn";
  box.setAttribute("role", "status");
  const words = document.createElement("p");
  words.textContent = `This browser kept words from ${when(kept.at)} that were not saved.`;
  const actions = document.createElement("div");
  actions.className = "actions";
  actions.append(
    choice("Put them back", () => sendAgain(form, kept.fields)),
    choice("Throw them away", () => {
      shelf.drop(kept.name);
      box.remove();
    }),
  );
  box.append(words, actions);
  return box;
}

function when(at) {
  const then = new Date(at);
  const time = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const isToday = then.toDateString() === new Date().toDateString();
  return isToday ? time : `${then.toLocaleDateString([], { day: "numeric", month: "long" })}, ${time}`;
}

function choice(words, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words;
  button.addEventListener("click", act);
  return button;
}

/**
 * Send the kept fields by the plain way, with the version that they began from: a page that
 * showed both texts was left without a decision.
 */
function sendAgain(form, fields) {
  const again = document.createElement("form");
  again.method = "post";
  again.action = form.action;
  const token = form.elements.csrf_token.value;
  const { began } = Object.fromEntries(fields);
  const ours = { csrf_token: token, version: began, do: "save" };
  const sent = fields.filter(([name]) => !(name in ours));
  for (const [name, text] of [...Object.entries(ours), ...sent]) {
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = name;
    field.value = text;
    again.append(field);
  }
  document.body.append(again);
  again.submit();
}
