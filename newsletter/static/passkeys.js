// Forms that a passkey answers: the server is asked what to sign, the device signs, and the form
// is sent as any other. Without this script they stay hidden, and the page says so.

const decode = (text) => {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
};

const encode = (buffer) => {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const withBytes = (descriptors = []) => descriptors.map((one) => ({ ...one, id: decode(one.id) }));

async function askServer(form) {
  const body = new FormData();
  body.append("csrf_token", form.elements.csrf_token.value);
  const answer = await fetch(form.dataset.options, { method: "POST", body });
  if (!(answer.headers.get("Content-Type") || "").startsWith("application/json")) {
    // The page leads somewhere else by now: to the sign-in, or to a proof of who this is.
    if (answer.redirected) location.assign(answer.url);
    throw new Error(answer.status === 429 ? "often" : "server");
  }
  return answer.json();
}

async function makePasskey(options) {
  options.challenge = decode(options.challenge);
  options.user.id = decode(options.user.id);
  options.excludeCredentials = withBytes(options.excludeCredentials);
  const made = await navigator.credentials.create({ publicKey: options });
  return wrap(made, {
    clientDataJSON: encode(made.response.clientDataJSON),
    attestationObject: encode(made.response.attestationObject),
  });
}

async function usePasskey(options) {
  options.challenge = decode(options.challenge);
  options.allowCredentials = withBytes(options.allowCredentials);
  const used = await navigator.credentials.get({ publicKey: options });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return wrap(used, {
    clientDataJSON: encode(clientDataJSON),
    authenticatorData: encode(authenticatorData),
    signature: encode(signature),
    userHandle: userHandle ? encode(userHandle) : undefined,
  });
}

const wrap = (credential, response) => JSON.stringify({
  id: credential.id,
  rawId: encode(credential.rawId),
  type: credential.type,
  response,
});

function explain(error) {
  if (error.name === "InvalidStateError") return "This device has a passkey for the desk already.";
  if (error.name === "NotAllowedError") return "Nothing was chosen, or it took too long. Try again when you are ready.";
  if (error.message === "often") return "Too many tries came from your network. Wait a while.";
  return "This did not work. Load the page again, or sign in another way.";
}

async function answer(event) {
  event.preventDefault();
  const form = event.target;
  const said = form.querySelector("[role=alert]");
  const button = form.querySelector("button");
  said.textContent = "";
  button.disabled = true;
  try {
    const options = await askServer(form);
    const act = form.dataset.passkey === "make" ? makePasskey : usePasskey;
    form.elements.answer.value = await act(options);
    form.submit();
  } catch (error) {
    said.textContent = explain(error);
    button.disabled = false;
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", answer);
  }
  for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
}
