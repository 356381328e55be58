// The policy editor: a form over the document in the text area, and what the server thinks of it while somebody types.
// The text is the document; the form writes to it only when something in the form is changed.

const editor = document.querySelector("[data-editor]");
const text = editor.querySelector("#document");
const report = editor.querySelector("[data-report]");
const list = editor.querySelector("[data-statements]");
const trust = editor.dataset.kind === "Trust";
const extensions = "extensions" in editor.dataset;
const tabs = { visual: editor.querySelector("#tab-visual"), json: editor.querySelector("#tab-json") };
const panels = { visual: editor.querySelector("#panel-visual"), json: editor.querySelector("#panel-json") };
const template = (name) => document.getElementById(name).content.firstElementChild.cloneNode(true);
const operators = [...document.getElementById("condition-template").content.querySelector("[data-operator]").options].map((each) => each.value);
const WHOLE = trust ? ["Effect", "Action", "Principal", "Condition", "Sid"] : ["Effect", "Action", "Resource", "Condition", "Sid"];
const TRUST_ACTIONS = ["sts:AssumeRole"];
let held = null; // the document, while the form is shown
let known = []; // every action that can be named

// ---- What the server finds ------------------------------------------------------------------------------------------
let waiting = 0;
let asked = 0;
async function check() {
  const turn = ++asked;
  const body = new URLSearchParams({ PolicyDocument: text.value, kind: editor.dataset.kind, _token: editor.dataset.token });
  try {
    const answer = await fetch(editor.dataset.check, { method: "POST", body });
    if (!answer.ok || answer.redirected || turn !== asked) return;
    report.innerHTML = await answer.text();
  } catch { /* the server is away: saving will say so */ }
}
function checkSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(check, 350);
}
text.addEventListener("input", checkSoon);

// ---- Reading without losing anything --------------------------------------------------------------------------------
const asArray = (value) => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const isText = (value) => typeof value === "string";
const isTexts = (value) => isText(value) || (Array.isArray(value) && value.every(isText));

function tight(source) {
  const pieces = source.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? [];
  return pieces.map((piece) => (piece[0] === '"' ? JSON.stringify(JSON.parse(piece)) : piece)).join("");
}
// The parsed document, or null where writing it again would not give the same: a broken one, a key twice, 1.0 for 1.
function read(source) {
  if (!source.trim()) return { Version: "1", Statement: [] };
  try {
    const found = JSON.parse(source);
    const whole = found !== null && typeof found === "object" && Array.isArray(found.Statement);
    return whole && JSON.stringify(found) === tight(source) ? found : null;
  } catch {
    return null;
  }
}
function canShow(statement) {
  if (statement === null || typeof statement !== "object" || Array.isArray(statement)) return false;
  if (!Object.keys(statement).every((key) => WHOLE.includes(key))) return false;
  if (!["Allow", "Deny"].includes(statement.Effect) || !isTexts(statement.Action ?? [])) return false;
  if (trust) {
    const named = statement.Principal;
    if (!asArray(statement.Action).every((each) => TRUST_ACTIONS.includes(each))) return false;
    if (named === null || typeof named !== "object" || Array.isArray(named)) return false;
    if (!Object.entries(named).every(([kind, value]) => ["RAM", "Service", "Federated"].includes(kind) && isTexts(value))) return false;
  } else if (!isTexts(statement.Resource ?? [])) return false;
  const conditions = statement.Condition ?? {};
  if (conditions === null || typeof conditions !== "object" || Array.isArray(conditions)) return false;
  return Object.entries(conditions).every(([operator, keys]) => {
    const plain = extensions && operator.endsWith("IfExists") ? operator.slice(0, -8) : operator;
    return operators.includes(plain) && keys !== null && typeof keys === "object" && Object.values(keys).every(isTexts);
  });
}

// ---- Writing --------------------------------------------------------------------------------------------------------
function write() {
  text.value = JSON.stringify(held, null, 2);
  text.dispatchEvent(new Event("input", { bubbles: true }));
}
const withAccount = (pattern) => pattern.replace("{account}", editor.dataset.account);

function chips(place, values, remove) {
  place.replaceChildren(...values.map((value) => {
    const chip = template("chip-template");
    chip.querySelector("code").textContent = value;
    const button = chip.querySelector("button");
    button.setAttribute("aria-label", button.dataset.label.replace("{what}", value));
    button.addEventListener("click", () => {
      remove(value);
      place.parentElement.querySelector("input:not([type=radio])")?.focus();
    });
    return chip;
  }));
}
function onEnter(input, button) {
  input.addEventListener("keydown", (pressed) => {
    if (pressed.key !== "Enter" || pressed.isComposing) return;
    pressed.preventDefault();
    button.click();
  });
}
function adder(box, name, add) {
  const input = box.querySelector(`[data-${name}]`);
  const button = box.querySelector(`[data-add-${name}]`);
  button.addEventListener("click", () => {
    const value = input.value.trim();
    if (value) add(value);
    input.value = "";
    input.focus();
  });
  onEnter(input, button);
}

// ---- One statement --------------------------------------------------------------------------------------------------
function showStatement(statement, index) {
  const shown = canShow(statement);
  const box = template(shown ? "statement-template" : "opaque-template");
  box.querySelector("[data-number]").textContent = index + 1;
  box.querySelector("[data-remove]").addEventListener("click", () => {
    held.Statement.splice(held.Statement.indexOf(statement), 1);
    write();
    showAll();
    editor.querySelector("[data-add-statement]").focus();
  });
  if (!shown) {
    box.querySelector("pre").textContent = JSON.stringify(statement, null, 2);
    return box;
  }
  for (const radio of box.querySelectorAll("[data-effect]")) {
    radio.name = `effect-${index}`;
    radio.checked = statement.Effect === radio.value;
    radio.addEventListener("change", () => { statement.Effect = radio.value; write(); });
  }
  if (trust) showPrincipals(box, statement);
  else {
    showResources(box, statement, index);
    showActions(box, statement);
  }
  showConditions(box, statement);
  return box;
}

function showPrincipals(box, statement) {
  const place = box.querySelector("[data-principals]");
  const kind = box.querySelector("[data-principal-kind]");
  const input = box.querySelector("[data-principal]");
  const samples = { RAM: input.placeholder, Service: "ecs.aliyuncs.com", Federated: `acs:ram::${editor.dataset.account}:saml-provider/NAME` };
  kind.addEventListener("change", () => { input.placeholder = samples[kind.value]; });
  const show = () => {
    const all = Object.entries(statement.Principal).flatMap(([of, values]) => asArray(values).map((value) => `${of}: ${value}`));
    chips(place, all, (chip) => {
      const [of, value] = [chip.slice(0, chip.indexOf(": ")), chip.slice(chip.indexOf(": ") + 2)];
      const left = asArray(statement.Principal[of]).filter((each) => each !== value);
      if (left.length) statement.Principal[of] = left;
      else delete statement.Principal[of];
      write();
      show();
    });
  };
  adder(box, "principal", (value) => {
    statement.Action = asArray(statement.Action).length ? statement.Action : TRUST_ACTIONS[0];
    statement.Principal[kind.value] = [...new Set([...asArray(statement.Principal[kind.value]), value])];
    write();
    show();
  });
  show();
}

function showActions(box, statement) {
  const place = box.querySelector("[data-actions]");
  const service = box.querySelector("[data-service]");
  const find = box.querySelector("[data-find]");
  const set = (values) => {
    statement.Action = [...new Set(values)];
    write();
    show();
    showSuggested(box, statement);
  };
  const show = () => {
    chips(place, asArray(statement.Action), (value) => set(asArray(statement.Action).filter((each) => each !== value)));
    for (const item of box.querySelectorAll("[data-levels] li input")) item.checked = asArray(statement.Action).includes(item.value);
    for (const level of box.querySelectorAll("[data-level]")) {
      const boxes = [...level.querySelectorAll("li:not([hidden]) input")];
      const ticked = boxes.filter((each) => each.checked).length;
      level.querySelector("[data-count]").textContent = `${ticked}/${boxes.length}`;
      const all = level.querySelector("[data-all-of]");
      all.checked = boxes.length > 0 && ticked === boxes.length;
      all.indeterminate = ticked > 0 && ticked < boxes.length;
      level.hidden = boxes.length === 0;
    }
  };
  for (const name of [...new Set(known.map((each) => each.Service))].sort()) service.append(new Option(name, name));
  for (const level of box.querySelectorAll("[data-level]")) {
    level.querySelector("ul").replaceChildren(...known.filter((each) => each.Level === level.dataset.level).map((each) => {
      const item = template("action-template");
      const input = item.querySelector("input");
      input.value = each.Name;
      item.dataset.service = each.Service;
      item.querySelector("code").textContent = each.Name;
      item.querySelector(".sub").textContent = each.Description;
      input.addEventListener("change", () => {
        const rest = asArray(statement.Action).filter((one) => one !== each.Name);
        set(input.checked ? [...rest, each.Name] : rest);
      });
      return item;
    }));
    level.querySelector("[data-all-of]").addEventListener("change", (changed) => {
      const names = [...level.querySelectorAll("li:not([hidden]) input")].map((each) => each.value);
      const rest = asArray(statement.Action).filter((one) => !names.includes(one));
      set(changed.target.checked ? [...rest, ...names] : rest);
    });
  }
  const narrow = () => {
    const wanted = find.value.trim().toLowerCase();
    for (const item of box.querySelectorAll("[data-levels] li")) {
      item.hidden = (service.value && item.dataset.service !== service.value) || (wanted && !item.textContent.toLowerCase().includes(wanted));
    }
    if (wanted) for (const level of box.querySelectorAll("[data-level]")) level.open = level.querySelector("li:not([hidden])") !== null;
    show();
  };
  service.addEventListener("change", narrow);
  find.addEventListener("input", narrow);
  adder(box, "pattern", (value) => set([...asArray(statement.Action), value]));
  narrow();
}

function showResources(box, statement, index) {
  const given = box.querySelector("[data-given]");
  const place = box.querySelector("[data-resources]");
  const everything = () => asArray(statement.Resource).length === 1 && asArray(statement.Resource)[0] === "*";
  const set = (values) => {
    statement.Resource = [...new Set(values)];
    write();
    show();
  };
  const show = () => {
    chips(place, everything() ? [] : asArray(statement.Resource), (value) => set(asArray(statement.Resource).filter((each) => each !== value)));
    showSuggested(box, statement);
  };
  for (const radio of box.querySelectorAll("[data-resources-mode]")) {
    radio.name = `resources-${index}`;
    radio.checked = (radio.value === "all") === everything();
    radio.addEventListener("change", () => {
      given.hidden = radio.value === "all";
      set(radio.value === "all" ? ["*"] : []);
    });
  }
  given.hidden = everything();
  box.addEventListener("suggested", (chosen) => set([...asArray(statement.Resource), chosen.detail]));
  adder(box, "resource", (value) => set([...asArray(statement.Resource), value]));
  show();
}

// The resources that the chosen actions are asked on, and that the statement does not name yet.
function showSuggested(box, statement) {
  const named = asArray(statement.Resource);
  const wanted = known.filter((each) => asArray(statement.Action).includes(each.Name)).flatMap((each) => each.Resources.map(withAccount));
  const covers = (pattern, name) => new RegExp(`^${pattern.split("*").map((each) => each.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`).test(name);
  const missing = [...new Set(wanted)].filter((each) => each !== "*" && !named.some((pattern) => covers(pattern, each)));
  box.querySelector("[data-suggested]").replaceChildren(...missing.slice(0, 12).map((each) => {
    const item = template("suggested-template");
    item.querySelector("code").textContent = each;
    item.querySelector("button").addEventListener("click", () => box.dispatchEvent(new CustomEvent("suggested", { detail: each })));
    return item;
  }));
}

function showConditions(box, statement) {
  const place = box.querySelector("[data-conditions]");
  const add = (operator, key, values) => {
    const row = template("condition-template");
    const exists = row.querySelector("[data-if-exists]");
    const plain = exists && operator.endsWith("IfExists") ? operator.slice(0, -8) : operator;
    row.querySelector("[data-key]").value = key;
    row.querySelector("[data-operator]").value = plain;
    row.querySelector("[data-values]").value = values.join("\n");
    if (exists) exists.checked = plain !== operator;
    row.addEventListener("input", gather);
    row.querySelector("[data-remove-condition]").addEventListener("click", () => {
      row.remove();
      gather();
      box.querySelector("[data-add-condition]").focus();
    });
    place.append(row);
    return row;
  };
  const gather = () => {
    const found = {};
    for (const row of place.children) {
      const key = row.querySelector("[data-key]").value.trim();
      const values = row.querySelector("[data-values]").value.split("\n").map((each) => each.trim()).filter(Boolean);
      if (!key || !values.length) continue;
      const operator = row.querySelector("[data-operator]").value + (row.querySelector("[data-if-exists]")?.checked ? "IfExists" : "");
      (found[operator] ??= {})[key] = [...(found[operator][key] ?? []), ...values];
    }
    if (Object.keys(found).length) statement.Condition = found;
    else delete statement.Condition;
    write();
  };
  for (const [operator, keys] of Object.entries(statement.Condition ?? {}))
    for (const [key, values] of Object.entries(keys)) add(operator, key, asArray(values));
  box.querySelector("[data-add-condition]").addEventListener("click", () => add("StringEquals", "", []).querySelector("[data-key]").focus());
}

// ---- The two tabs ---------------------------------------------------------------------------------------------------
function showAll() {
  held = read(text.value);
  const lossy = held === null;
  editor.querySelector("[data-lossy]").hidden = !lossy;
  editor.querySelector("[data-add-row]").hidden = lossy;
  list.replaceChildren(...(lossy ? [] : held.Statement.map(showStatement)));
}
function choose(name) {
  for (const each of ["visual", "json"]) {
    tabs[each].setAttribute("aria-selected", String(each === name));
    tabs[each].tabIndex = each === name ? 0 : -1;
    panels[each].hidden = each !== name;
  }
  if (name === "visual") showAll();
}
for (const [name, tab] of Object.entries(tabs)) {
  tab.addEventListener("click", () => choose(name));
  tab.addEventListener("keydown", (pressed) => {
    if (!["ArrowLeft", "ArrowRight"].includes(pressed.key)) return;
    const other = name === "visual" ? "json" : "visual";
    choose(other);
    tabs[other].focus();
  });
}
editor.querySelector("[data-add-statement]").addEventListener("click", () => {
  held.Statement.push(trust ? { Effect: "Allow", Action: TRUST_ACTIONS[0], Principal: {} } : { Effect: "Allow", Action: [], Resource: ["*"] });
  write();
  showAll();
  list.lastElementChild.querySelector("input").focus();
});

editor.querySelector("[role=tablist]").hidden = false;
if (!trust) {
  try {
    const answer = await fetch(editor.dataset.actions);
    if (answer.ok) known = await answer.json();
  } catch { /* patterns can still be typed */ }
}
choose("visual");
