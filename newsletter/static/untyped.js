/** Return a form as the server sent it: without what was typed since, or put back by the browser. */
export function untyped(form) {
  const copy = form.cloneNode(true);
  copy.reset();
  return copy;
}
