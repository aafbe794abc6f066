// Blocks in another order: dragged by a handle, or moved by Alt and the arrow keys on it.

const EDGE = 80;
const STEP = 14;
/** Pixels from the window's edge within which it scrolls while something is dragged, and how far. */

/** Give every block a handle; `changed` is called when the order is another one. */
export function letDrag(form, changed) {
  const list = document.getElementById("blocks");
  if (!list) return;
  const announcer = document.createElement("p");
  announcer.className = "unseen";
  announcer.setAttribute("aria-live", "polite");
  list.after(announcer);
  for (const block of list.children) addHandle(block, list, { announcer, changed });
}

function addHandle(block, list, told) {
  const handle = document.createElement("button");
  handle.type = "button";
  handle.className = "handle";
  const what = block.querySelector(".block-head h2")?.textContent.trim() ?? "part";
  handle.setAttribute("aria-label", `Move ${what}: drag, or Alt with the arrow keys`);
  block.querySelector(".block-head")?.prepend(handle);
  handle.addEventListener("pointerdown", (event) => drag(event, handle, block, list, told));
  handle.addEventListener("keydown", (event) => {
    const other = { ArrowUp: block.previousElementSibling, ArrowDown: block.nextElementSibling };
    if (!event.altKey || !(event.key in other)) return;
    event.preventDefault();
    const neighbour = other[event.key];
    if (!neighbour) return;
    if (event.key === "ArrowUp") neighbour.before(block);
    else neighbour.after(block);
    handle.focus();
    tell(block, list, told);
  });
}

function drag(event, handle, block, list, told) {
  if (event.button !== 0) return;
  event.preventDefault();
  handle.setPointerCapture(event.pointerId);
  block.classList.add("dragged");
  const before = [...list.children].indexOf(block);
  let at = event.clientY;
  let frame = requestAnimationFrame(follow);

  function follow() {
    if (at < EDGE) window.scrollBy(0, -STEP);
    else if (at > window.innerHeight - EDGE) window.scrollBy(0, STEP);
    place(block, list, at);
    frame = requestAnimationFrame(follow);
  }

  function move(moving) {
    at = moving.clientY;
  }

  function end() {
    cancelAnimationFrame(frame);
    handle.removeEventListener("pointermove", move);
    block.classList.remove("dragged");
    if ([...list.children].indexOf(block) !== before) tell(block, list, told);
  }

  handle.addEventListener("pointermove", move);
  handle.addEventListener("lostpointercapture", end, { once: true });
}

/** Put the dragged block before the first one whose middle is below the pointer. */
function place(block, list, at) {
  for (const other of list.children) {
    if (other === block) continue;
    const { top, height } = other.getBoundingClientRect();
    if (at < top + Math.min(height / 2, EDGE)) {
      if (block.nextElementSibling !== other) other.before(block);
      return;
    }
  }
  if (list.lastElementChild !== block) list.append(block);
}

function tell(block, list, { announcer, changed }) {
  const blocks = [...list.children];
  announcer.textContent = `Moved to place ${blocks.indexOf(block) + 1} of ${blocks.length}`;
  blocks.forEach((one, place) => {
    one.querySelector('button[value^="up:"]').disabled = place === 0;
    one.querySelector('button[value^="down:"]').disabled = place === blocks.length - 1;
  });
  changed();
}
