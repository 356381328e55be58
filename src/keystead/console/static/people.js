// Forms of users and AccessKey pairs: what appears with a choice, adding one's own address, names checked while typing.

// data-shows="day:date": the element `day` is there while the choice is `date`.
for (const choice of document.querySelectorAll("select[data-shows]")) {
  const [id, value] = choice.dataset.shows.split(":");
  const other = document.getElementById(id);
  const follow = () => {
    other.hidden = choice.value !== value;
    other.required = choice.value === value;
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
