// Passkeys: between the browser's authenticator and the server; the page's forms carry what comes out of it.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function decoded(options) {
  options.challenge = bytes(options.challenge);
  if (options.user) options.user.id = bytes(options.user.id);
  for (const each of [...(options.excludeCredentials ?? []), ...(options.allowCredentials ?? [])]) each.id = bytes(each.id);
  return options;
}

function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = text(credential.response[name]);
  return JSON.stringify({
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const failed = form.querySelector("[data-passkey-error]");
  form.addEventListener("submit", async (sent) => {
    if (form.elements.answer.value) return;
    sent.preventDefault();
    failed.hidden = true;
    try {
      const body = new URLSearchParams();
      if (form.elements._token) body.set("_token", form.elements._token.value);
      const answer = await fetch(form.dataset.begin, { method: "POST", body });
      if (!answer.headers.get("content-type")?.startsWith("application/json")) {
        // A verification is due first: its page comes back to this one.
        location.assign(`/console/verify?next=${encodeURIComponent(location.pathname)}`);
        return;
      }
      const { options, challenge } = await answer.json();
      const made = form.dataset.passkey === "register"
        ? await navigator.credentials.create({ publicKey: decoded(options) })
        : await navigator.credentials.get({ publicKey: decoded(options) });
      form.elements.challenge.value = challenge;
      form.elements.answer.value = encoded(made);
      form.requestSubmit();
    } catch (error) {
      failed.textContent = String(error.message ?? error);
      failed.hidden = false;
      for (const each of form.querySelectorAll("button")) each.disabled = false;
    }
  });
}
