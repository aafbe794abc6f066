// Tells the server that the issue is open here, and says who else has it open.

const EVERY = 30000;

/** Ask now, every half minute while the page is seen, and when it is seen again. */
export function watchOthers(form, saving) {
  const place = document.getElementById("others");
  if (!place) return;

  async function ask() {
    if (document.hidden) return;
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value });
    try {
      const answer = await fetch(`${form.action}/present`, {
        method: "POST",
        body,
        credentials: "same-origin",
      });
      if (!answer.ok || answer.redirected) return;
      show(await answer.json());
    } catch {
      // No connection: saving says so, and the next half minute asks again.
    }
  }

  function show({ others, version }) {
    const names = others.map(({ name, ago }) => `${name} (${ago})`).join(", ");
    let sentence = names && `Being edited by ${names}`;
    if (version > saving.version()) {
      sentence = `${sentence ? `${sentence}. ` : ""}A newer version was saved; saving shows both.`;
    }
    if (place.textContent.trim() !== sentence) place.textContent = sentence;
  }

  ask();
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
}
