// Names are suggested while somebody types, and rows appear as they are needed; without scripts all rows are there.
const form = document.querySelector("[data-grant]");
let waiting = 0;
form.addEventListener("input", (typed) => {
  const input = typed.target;
  if (!["principal", "policy"].includes(input.name)) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => suggest(input), 200);
});
async function suggest(input) {
  const kind = input.name === "policy" ? "Policy" : input.parentElement.querySelector("select").value;
  const text = input.value.replace(/^(System|Custom)\//, "");
  try {
    const answer = await fetch(`${form.dataset.names}?${new URLSearchParams({ kind, q: text })}`);
    if (!answer.ok || answer.redirected) return;
    input.list.replaceChildren(...(await answer.json()).map((name) => new Option(name, name)));
  } catch { /* a name can still be typed whole */ }
}
for (const input of form.querySelectorAll("input[list]")) input.addEventListener("focus", () => suggest(input), { once: true });
for (const more of form.querySelectorAll("[data-more]")) {
  const rows = [...more.parentElement.querySelectorAll("[data-row]")];
  const last = rows.findLastIndex((row) => row.querySelector("input").value);
  rows.forEach((row, index) => { row.hidden = index > Math.max(last, 0); });
  const show = () => { more.hidden = !rows.some((row) => row.hidden); };
  more.addEventListener("click", () => {
    const next = rows.find((row) => row.hidden);
    next.hidden = false;
    next.querySelector("input").focus();
    show();
  });
  show();
}
