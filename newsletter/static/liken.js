// Makes a piece of the page like a fresh one with the least change: focus, selection, scrolling,
// what somebody types and what they opened stay. What has an id stays with its own kind: a button
// never becomes another one under somebody's finger.

export function liken(old, fresh) {
  if (old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
  } else if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
  } else {
    likenAttributes(old, fresh);
    likenChildren(old, fresh);
  }
}

function likenAttributes(old, fresh) {
  for (const { name } of [...old.attributes ?? []]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes ?? []) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function likenChildren(old, fresh) {
  let next = old.firstChild;
  for (const news of [...fresh.childNodes]) {
    const same = news.id && [...old.children].find((one) => one.id === news.id);
    // What stood before it is gone.
    while (same && next !== same) next = without(next);
    if (next && (next.id ?? "") === (news.id ?? "")) {
      const then = next.nextSibling;
      liken(next, news);
      next = then;
    } else {
      old.insertBefore(news, next);
    }
  }
  while (next) next = without(next);
}

function without(node) {
  const then = node.nextSibling;
  node.remove();
  return then;
}
