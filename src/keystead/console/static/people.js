// Forms of users and AccessKey pairs: what appears with a choice, adding one's own address, names checked while typing.

// data-shows="day:date": the element `day` is there while the choice is `date`.
for (const choice of document.querySelectorAll("select[data-shows]")) {
  const [id, value] = choice.dataset.shows.split(":");
  const other = document.getElementById(id);
  const follow = () => {
    other.hidden = choice.value !== value;
    other.disabled = other.hidden; // else what it held before may forbid sending the form, unseen
    other.required = !other.hidden;
  };
  choice.addEventListener("change", follow);
  follow();
}

// data-needs="console": an element that is there while that box is ticked; what is hidden is not asked for.
for (const part of document.querySelectorAll("[data-needs]")) {
  const box = document.getElementById(part.dataset.needs);
  const follow = () => {
    part.hidden = !box.checked;
    for (const field of part.querySelectorAll("input, select")) field.disabled = !box.checked;
  };
  box.addEventListener("change", follow);
  follow();
}

for (const button of document.querySelectorAll("[data-adds]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.adds);
    const listed = field.value.split(/[\s,]+/).filter(Boolean);
    if (!listed.includes(button.dataset.value)) field.value = [...listed, button.dataset.value].join(", ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
}

// Rows of new users: the first is the pattern of the others.
for (const rows of document.querySelectorAll("[data-rows]")) {
  const add = rows.closest("form").querySelector("[data-adds-row]");
  const follow = () => {
    for (const button of rows.querySelectorAll("[data-removes-row]")) button.hidden = rows.children.length < 2;
    add.disabled = rows.children.length >= Number(rows.dataset.rows);
  };
  add.addEventListener("click", () => {
    const row = rows.children[0].cloneNode(true);
    for (const field of row.querySelectorAll("input")) field.value = "";
    row.querySelector(".said").textContent = "";
    rows.append(row);
    follow();
    row.querySelector("input").focus();
  });
  rows.addEventListener("click", (event) => {
    const button = event.target.closest("[data-removes-row]");
    if (!button) return;
    button.closest("[data-row]").remove();
    follow();
    rows.querySelector("input").focus();
  });
  let waiting;
  rows.addEventListener("input", (event) => {
    const field = event.target.closest("[data-check]");
    if (!field) return;
    const said = field.closest("label").querySelector(".said");
    clearTimeout(waiting);
    said.textContent = "";
    if (!field.value) return;
    waiting = setTimeout(async () => {
      const answer = await fetch(`${field.dataset.check}?name=${encodeURIComponent(field.value)}`).catch(() => null);
      if (!answer?.ok) return; // who may not list users is told when the form is sent
      const found = await answer.json();
      said.textContent = found.said;
      said.dataset.kind = found.good ? "good" : "bad";
    }, 300);
  });
  follow();
}
for (const advice of document.querySelectorAll("[data-both]")) {
  const boxes = ["console", "openapi"].map((id) => document.getElementById(id));
  const follow = () => { advice.hidden = !boxes.every((box) => box.checked); };
  for (const box of boxes) box.addEventListener("change", follow);
  follow();
}
