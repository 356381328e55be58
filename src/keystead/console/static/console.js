// What every page does with scripts on; without them all forms, links and lists still work.

const listen = (selector, event, act) =>
  document.addEventListener(event, (happened) => {
    const found = happened.target instanceof Element && happened.target.closest(selector);
    if (found) act(found, happened);
  });

// Times in the reader's own zone; UTC stays in the title.
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
const exact = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];
function showTimes(root) {
  for (const each of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(each.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const seconds = (moment - Date.now()) / 1000;
    each.textContent = exact.format(moment);
    if (Math.abs(seconds) < 30 * 86400) {
      const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
      const ago = document.createElement("span");
      ago.className = "ago";
      ago.textContent = relative.format(Math.trunc(seconds / length), unit);
      each.append(" ", ago);
    }
  }
}
showTimes(document);
document.addEventListener("shown", (happened) => showTimes(happened.detail));

// Copying, with a sign that it worked.
listen("[data-copy]", "click", async (button) => {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    const held = Object.assign(document.createElement("textarea"), { value: button.dataset.copy });
    document.body.append(held);
    held.select();
    document.execCommand("copy");
    held.remove();
  }
  button.dataset.done = "";
  document.dispatchEvent(new CustomEvent("copied", { detail: button }));
  setTimeout(() => delete button.dataset.done, 1500);
});

// Dialogs open from their button, and the focus returns there.
listen("[data-opens]", "click", (button) => {
  const dialog = document.getElementById(button.dataset.opens);
  dialog.addEventListener("close", () => button.focus(), { once: true });
  dialog.showModal();
});
listen("[data-closes]", "click", (button) => document.getElementById(button.dataset.closes).close());

// A list's check boxes, and the bar that says how many are ticked.
function countRows(form) {
  const boxes = [...form.querySelectorAll("input[name=selected]")];
  const ticked = boxes.filter((box) => box.checked).length;
  const bar = form.querySelector("[data-batch]");
  const words = form.querySelector("[data-batch-count]");
  bar.hidden = ticked === 0;
  words.textContent = ticked === 1 ? words.dataset.one : words.dataset.many.replace("{n}", ticked);
  const all = form.querySelector("[data-all]");
  if (all) {
    all.checked = ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
}
listen(".batch-form input[type=checkbox]", "change", (box) => {
  const form = box.closest("form");
  if ("all" in box.dataset) for (const each of form.querySelectorAll("input[name=selected]")) each.checked = box.checked;
  countRows(form);
});

// A short list that is narrowed while typing.
listen("[data-filters]", "input", (input) => {
  const wanted = input.value.trim().toLowerCase();
  for (const each of document.getElementById(input.dataset.filters).children) each.hidden = !each.textContent.toLowerCase().includes(wanted);
});

// Menus that are open close when something else is clicked, or by Escape.
document.addEventListener("click", (happened) => {
  for (const open of document.querySelectorAll("details.drop[open]")) if (!open.contains(happened.target)) open.open = false;
});
document.addEventListener("keydown", (pressed) => {
  if (pressed.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.drop[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// A form that says so asks before what was typed is lost.
const touched = new Set();
listen("form[data-unsaved]", "input", (form) => touched.add(form));
document.addEventListener("submit", (sent) => {
  if (sent.submitter?.formTarget === "_blank") return; // shown elsewhere; the form stays as it is
  touched.delete(sent.target);
  if (sent.target.method !== "post") return;
  // A second click must not send it again; after the event, so that the button's own value still goes along.
  setTimeout(() => {
    if (!sent.defaultPrevented) for (const each of sent.target.querySelectorAll("button")) each.disabled = true;
  });
});
document.addEventListener("close", (closed) => { // a dialog that is given up gives up what was typed in it
  for (const form of closed.target.querySelectorAll("form")) if (touched.delete(form)) form.reset();
}, true);
addEventListener("beforeunload", (leaving) => { if ([...touched].some((form) => form.isConnected)) leaving.preventDefault(); });
addEventListener("pageshow", (shown) => { if (shown.persisted) location.reload(); });
