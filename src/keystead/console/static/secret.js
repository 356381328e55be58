// The dialog of a one-time secret: nothing closes it but "Done"; the file and the test are made here, in the browser.
// The secret is read from the page and kept nowhere: not in an address, not in storage.

const dialog = document.querySelector("[data-secret]");
const said = dialog.querySelector("[data-said]");
const saved = dialog.querySelector("[data-saved]");
const done = saved.form.querySelector("button");

function say(text, kind = "") {
  said.textContent = text;
  said.dataset.kind = kind;
}

// Escape, a click outside, the browser's own way out: none of them closes it.
dialog.close();
dialog.showModal();
dialog.addEventListener("cancel", (event) => event.preventDefault());
dialog.addEventListener("keydown", (event) => { if (event.key === "Escape") event.preventDefault(); });
dialog.addEventListener("close", () => dialog.showModal());

done.disabled = true;
saved.addEventListener("change", () => { done.disabled = !saved.checked; });
let leaving = false;
saved.form.addEventListener("submit", () => { leaving = true; });
addEventListener("beforeunload", (event) => { if (!leaving) event.preventDefault(); });

document.addEventListener("copied", (event) => { if (dialog.contains(event.detail)) say(said.dataset.copied, "good"); });

// The file: quoted as RFC 4180 wants it.
const cell = (value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
for (const button of dialog.querySelectorAll("[data-csv]")) {
  button.addEventListener("click", () => {
    const text = JSON.parse(button.dataset.lines).map((line) => line.map(cell).join(",") + "\r\n").join("");
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    Object.assign(document.createElement("a"), { href: address, download: button.dataset.csv }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  });
}

// Sections become tabs, worked by arrow keys (WAI-ARIA authoring practices).
for (const box of dialog.querySelectorAll("[data-tabs]")) {
  const panels = [...box.querySelectorAll("[data-tab]")];
  const list = document.createElement("div");
  list.className = "tab-list";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", box.getAttribute("aria-label"));
  box.removeAttribute("aria-label");
  const buttons = panels.map((panel, at) => {
    const button = Object.assign(document.createElement("button"), { type: "button", id: `tab-${at}`, textContent: panel.dataset.tab });
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", `panel-${at}`);
    panel.id = `panel-${at}`;
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", button.id);
    panel.querySelector("h3").hidden = true;
    button.addEventListener("click", () => show(at));
    list.append(button);
    return button;
  });
  function show(at) {
    buttons.forEach((button, each) => {
      button.setAttribute("aria-selected", String(each === at));
      button.tabIndex = each === at ? 0 : -1;
      panels[each].hidden = each !== at;
    });
  }
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
    show(at);
    buttons[at].focus();
  });
  box.prepend(list);
  show(0);
}

// A signed call, as any client would make it.  ACS3-HMAC-SHA256, by the browser's own cryptography.
const bytes = (text) => new TextEncoder().encode(text);
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (text) => hex(await crypto.subtle.digest("SHA-256", bytes(text)));

async function signed({ id, secret, token }) {
  const headers = {
    host: location.host,
    "x-acs-action": "GetCallerIdentity",
    "x-acs-content-sha256": await sha256(""),
    "x-acs-date": new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    "x-acs-signature-nonce": hex(crypto.getRandomValues(new Uint8Array(16))),
    "x-acs-version": "2015-04-01",
  };
  if (token) headers["x-acs-security-token"] = token;
  const names = Object.keys(headers).sort();
  const canonical = ["POST", "/", "", ...names.map((name) => `${name}:${headers[name]}`), "", names.join(";"), headers["x-acs-content-sha256"]].join("\n");
  const key = await crypto.subtle.importKey("raw", bytes(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = hex(await crypto.subtle.sign("HMAC", key, bytes(`ACS3-HMAC-SHA256\n${await sha256(canonical)}`)));
  delete headers.host; // the browser sends it
  return { ...headers, authorization: `ACS3-HMAC-SHA256 Credential=${id},SignedHeaders=${names.join(";")},Signature=${signature}` };
}

async function ask(test) {
  const [path, method, headers] =
    test.kind === "bearer"
      ? [test.path, "GET", { authorization: `Bearer ${test.secret}` }]
      : ["/", "POST", await signed(test)];
  const answer = await fetch(path, { method, headers: { accept: "application/json", ...headers }, credentials: "omit", cache: "no-store" });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(`${body.Code ?? body.code ?? body.error?.code ?? answer.status}: ${body.Message ?? body.message ?? body.error?.message ?? ""}`);
  return body.Arn ?? test.who ?? "";
}

for (const button of dialog.querySelectorAll("[data-test]")) {
  const test = JSON.parse(button.dataset.test);
  if (test.kind === "acs3" && !globalThis.crypto?.subtle) {
    button.disabled = true;
    button.title = button.dataset.insecure;
    continue;
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    say(button.dataset.testing);
    try {
      say(button.dataset.right.replace("{who}", await ask(test)), "good");
    } catch (error) {
      say(button.dataset.wrong.replace("{why}", error.message), "bad");
    }
    button.disabled = false;
    button.focus();
  });
}
