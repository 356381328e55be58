// A list changes in place: filters, sorting and pages are fetched, and the address follows.  While the answer is under
// way its rows stand as bars; when it fails the rows stay, greyed, under what failed.  Without scripts they are pages.

const PATIENCE = 200; // milliseconds before rows become bars: a quick answer does not flicker
const main = document.getElementById("content");
let shown = location.pathname + location.search;
let underWay = null;

const lists = () => main?.querySelectorAll("section.list") ?? [];
const isEdited = () =>
  [...main.querySelectorAll("form[method=post] :is(input:not([type=hidden]), textarea)")].some(
    (field) => field.value !== field.defaultValue && !["checkbox", "radio"].includes(field.type),
  );

// Where the focus was, by what the element is: after the change it goes to the one that is the same there.
const sameAs = (element) => (other) =>
  other.tagName === element.tagName && other.name === element.name && other.textContent.trim() === element.textContent.trim();

async function go(address, remember) {
  underWay?.abort();
  const mine = (underWay = new AbortController());
  for (const list of lists()) list.setAttribute("aria-busy", "true");
  const waiting = setTimeout(() => { for (const list of lists()) list.classList.add("loading"); }, PATIENCE);
  try {
    const answer = await fetch(address, { signal: mine.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("content");
    if (answer.redirected || !fresh?.querySelector("section.list")) {
      if (answer.status >= 500 || answer.status === 429) fail(page.querySelector("[role=alert]"), address, remember);
      else location.assign(address); // signed out, or another kind of page
      return;
    }
    if (answer.status >= 500 || answer.status === 429) return void fail(fresh.querySelector("[role=alert]"), address, remember);
    show(page, fresh, address, remember);
  } catch (error) {
    if (!mine.signal.aborted) fail(null, address, remember);
  } finally {
    clearTimeout(waiting);
    if (underWay === mine) for (const list of lists()) { list.removeAttribute("aria-busy"); list.classList.remove("loading"); }
  }
}

function show(page, fresh, address, remember) {
  const focused = main.contains(document.activeElement) ? document.activeElement : null;
  main.replaceChildren(...fresh.childNodes);
  document.title = page.title;
  const there = new URL(address, location.href);
  if (remember && there.pathname + there.search !== shown) history.pushState(null, "", address);
  shown = there.pathname + there.search;
  for (const link of document.querySelectorAll("header.top a[href*='back=']")) {
    const target = new URL(link.href);
    target.searchParams.set("back", shown);
    link.href = target.pathname + target.search;
  }
  document.dispatchEvent(new CustomEvent("shown", { detail: main }));
  if (!focused) return;
  const all = [...main.querySelectorAll("section.list :is(a, button, input, select, summary)")];
  (all.find(sameAs(focused)) ?? main.querySelector("section.list .scroll") ?? main).focus({ preventScroll: true });
}

function fail(panel, address, remember) {
  const list = lists()[0];
  list.querySelector(":scope > .fault")?.remove();
  list.classList.add("old");
  const fault = Object.assign(document.createElement("div"), { className: "fault" });
  const words = main.dataset;
  if (panel) fault.append(document.adoptNode(panel));
  const said = document.createElement("p");
  if (!panel) said.setAttribute("role", "alert");
  said.textContent = panel ? words.old : `${words.unreachable} ${words.old}`;
  const again = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: words.again });
  again.addEventListener("click", () => go(address, remember));
  fault.append(said, again);
  list.querySelector("form.filters").after(fault);
  again.focus({ preventScroll: true });
}

function takes(address) {
  const there = new URL(address, location.href);
  return there.origin === location.origin && there.pathname === location.pathname && !there.searchParams.has("format") && !there.hash && !isEdited();
}

document.addEventListener("click", (happened) => {
  const link = happened.target.closest("section.list a[href]");
  if (!link || !main?.contains(link) || link.hasAttribute("download") || happened.defaultPrevented) return;
  if (happened.button || happened.metaKey || happened.ctrlKey || happened.shiftKey || happened.altKey || !takes(link.href)) return;
  happened.preventDefault();
  go(link.href, true);
});

document.addEventListener("submit", (sent) => {
  const form = sent.target;
  if (form.method !== "get" || !form.closest("section.list") || !takes(form.action)) return;
  sent.preventDefault();
  const there = new URL(form.action, location.href);
  there.search = new URLSearchParams(new FormData(form, sent.submitter)).toString();
  go(there.pathname + there.search, true);
});

addEventListener("popstate", () => {
  const there = location.pathname + location.search;
  if (there !== shown) lists().length ? go(there, false) : location.reload();
});
