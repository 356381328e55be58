// The Cloud Shell at the bottom of the page: opens from the header, keeps its history for this browser tab.

const panel = document.getElementById("cloud-shell");
const opener = document.querySelector("[data-shell]");

if (panel && opener) {
  const log = panel.querySelector("[role=log]");
  const form = panel.querySelector("form");
  const input = form.elements.line;
  const history = JSON.parse(sessionStorage.getItem("shell-history") ?? "[]");
  let at = history.length;
  let pending = "";

  const height = sessionStorage.getItem("shell-height");
  if (height) panel.classList.add(`tall-${height}`);

  function show(open) {
    panel.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    sessionStorage.setItem("shell-open", open ? "1" : "");
    if (open) input.focus();
    else opener.focus();
  }
  opener.hidden = false;
  opener.addEventListener("click", () => show(panel.hidden));
  panel.querySelector("[data-shell-close]").addEventListener("click", () => show(false));
  panel.querySelector("[data-shell-size]").addEventListener("click", () => {
    const now = panel.classList.contains("tall-1") ? "2" : panel.classList.contains("tall-2") ? "0" : "1";
    panel.classList.remove("tall-0", "tall-1", "tall-2");
    panel.classList.add(`tall-${now}`);
    sessionStorage.setItem("shell-height", now);
  });

  function print(text, kind) {
    const line = document.createElement("pre");
    line.className = kind;
    line.textContent = text;
    log.append(line);
    while (log.childElementCount > 500) log.firstElementChild.remove();
    log.scrollTop = log.scrollHeight;
  }

  function remember(line) {
    // What may hold a secret is not kept, not even in this tab.
    if (/password|secret|token|private-?key|agent-?key|assertion|code/i.test(line)) return;
    if (history.at(-1) !== line) history.push(line);
    while (history.length > 200) history.shift();
    sessionStorage.setItem("shell-history", JSON.stringify(history));
  }

  async function run(line) {
    print(`$ ${line}`, "typed");
    if (line) remember(line);
    at = history.length;
    if (line === "clear") return void log.replaceChildren();
    if (line === "history") return print(history.join("\n"), "said");
    input.readOnly = true;
    try {
      const body = new URLSearchParams({ _token: form.elements._token.value, line });
      const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
      if (!answer.headers.get("content-type")?.startsWith("application/json")) return void location.reload();
      const { text, ok } = await answer.json();
      if (text) print(text, ok ? "said" : "failed");
    } catch (error) {
      print(String(error.message ?? error), "failed");
    } finally {
      input.readOnly = false;
      input.focus();
    }
  }

  form.addEventListener("submit", (sent) => {
    sent.preventDefault();
    const line = input.value.trim();
    input.value = "";
    run(line);
  });

  async function complete() {
    const answer = await fetch(`${form.action}/complete?${new URLSearchParams({ line: input.value })}`);
    const { words } = await answer.json();
    if (words.length === 0) return;
    const last = input.value.split(" ").at(-1);
    let common = words[0];
    for (const each of words) while (!each.startsWith(common)) common = common.slice(0, -1);
    if (words.length === 1) common += " ";
    if (common.length > last.length) input.value = input.value.slice(0, input.value.length - last.length) + common;
    else print(words.join("   "), "said");
  }

  input.addEventListener("keydown", (pressed) => {
    if (pressed.key === "Tab" && !pressed.shiftKey && input.value) {
      pressed.preventDefault();
      complete();
    } else if (pressed.key === "ArrowUp" || pressed.key === "ArrowDown") {
      pressed.preventDefault();
      if (at === history.length) pending = input.value;
      at = Math.min(history.length, Math.max(0, at + (pressed.key === "ArrowUp" ? -1 : 1)));
      input.value = at === history.length ? pending : history[at];
    } else if (pressed.key === "Escape") {
      show(false);
    }
  });

  if (sessionStorage.getItem("shell-open")) show(true);
}
