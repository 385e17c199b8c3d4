// Keeps pages fresh and takes files that are dropped. Everything works without it, with a reload now and then.
"use strict";

const EVERY = 700; // milliseconds between two questions
const PATIENCE = 15_000; // milliseconds until a program that doesn't answer counts as gone
const FIELDS = "input, select, textarea";
const REACHED = "input, select, textarea, button:not([tabindex]), summary, a";
const AFTER = Node.DOCUMENT_POSITION_FOLLOWING;
const main = document.getElementById("main");
const status = document.getElementById("status");
const shown = status.textContent;
document.documentElement.classList.add("script");

function say(text) {
  if (status.textContent === text) return; // read out only where it differs
  status.textContent = text;
}

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

// -- a screen that waits ----------------------------------------------------------------------------------------------

// After the reload at the end, the outcome is read out.
if (sessionStorage.getItem("over") === location.pathname) {
  sessionStorage.removeItem("over");
  setTimeout(() => status.textContent === shown && status.replaceChildren(shown), EVERY);
}

async function poll() {
  let isGone = false;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status >= 500) throw new Error(answer.statusText);
    const fresh = await parsed(answer);
    if (!fresh.querySelector("[data-poll]")) {
      sessionStorage.setItem("over", location.pathname);
      return location.reload(); // also where another program answers here: it says what to do
    }
    become(main, fresh.getElementById("main"), new URLSearchParams());
    document.title = fresh.title;
    say(fresh.getElementById("status").textContent);
  } catch {
    isGone = true;
    say(status.dataset.noAnswer);
  }
  status.classList.toggle("gone", isGone);
  setTimeout(poll, isGone ? 4 * EVERY : EVERY);
}

if (document.querySelector("[data-poll]")) setTimeout(poll, EVERY);

window.addEventListener("pageshow", (event) => event.persisted && location.reload()); // Back shows no stale screen

// -- files that are dropped: the field lies over the whole place, and takes them --------------------------------------

for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    const { dataTransfer, target } = event;
    if (!dataTransfer?.types.includes("Files")) return;
    const isField = target.matches("input[type=file]");
    const isOne = name === "dragover" || target.multiple || dataTransfer.files.length === 1;
    if (isField && isOne) return;
    event.preventDefault(); // beside the field a browser would open the file in the place of this page
    if (isField) say(target.form.dataset.onlyOne);
    else dataTransfer.dropEffect = "none";
  });
}

main.addEventListener("change", ({ target }) => {
  if (target.type !== "file" || !target.files.length) return;
  say(target.form.dataset.uploading);
  target.form.requestSubmit();
});

// -- a form of which each change is checked at once: the screen becomes like the one that the program answers with ----

const live = document.querySelector("form[data-live]");
const grid = live?.id === "grid" ? live : null;
let changes = Promise.resolve(); // one after the other, so that none is lost
let sending = 0; // number of changes that aren't checked yet
let changed = null; // field that was changed last
let timer = 0; // of a change that isn't sent yet
let isUnsaved = false; // whether the last change couldn't be saved; it is tried again
let keyed = null; // field in which a key was pressed last
let isPassing = false; // whether keys changed a drop-down, which pass by other options: it counts when one leaves it

function send(submitter) {
  clearTimeout(timer);
  timer = 0;
  isPassing = false;
  sending += 1;
  const pressed = submitter?.name && [submitter.name, submitter.value]; // it may be another button by then
  const about = submitter?.name ? submitter : changed;
  changes = changes.then(() => save(submitter, pressed, about)).finally(() => (sending -= 1));
}

function later(time) {
  clearTimeout(timer);
  timer = setTimeout(send, time);
}

async function save(submitter, pressed, about) {
  const sent = new URLSearchParams(new FormData(live));
  if (pressed) sent.append(...pressed);
  if (!isUnsaved) say(live.dataset.live);
  let answer = null;
  let fresh = null;
  try {
    answer = await fetch(live.action, { method: "POST", body: sent, cache: "no-store" });
    fresh = await parsed(answer);
    while (answer.ok && fresh.querySelector("[data-poll]")) {
      await pause(EVERY);
      answer = await fetch(answer.url, { cache: "no-store" });
      fresh = await parsed(answer);
    }
  } catch {
    fresh = null;
  }
  isUnsaved = !fresh || !answer.ok;
  status.classList.toggle("gone", isUnsaved);
  if (isUnsaved) {
    if (!fresh) say(live.dataset.notSaved ?? status.dataset.noAnswer);
    else if (live.dataset.refused) say(`${live.dataset.refused} ${reasonIn(fresh)}`);
    else location.reload();
    if (!fresh || answer.status >= 500) timer ||= setTimeout(send, 4 * EVERY, submitter);
  } else if (!fresh.getElementById(live.id)) location.assign(answer.url);
  else show(fresh, sent, pressed, about);
}

// Why a screen says that something didn't work.
function reasonIn(screen) {
  return (screen.querySelector(".said") ?? screen.querySelector("main > p")).textContent;
}

function show(fresh, sent, pressed, about) {
  const at = document.activeElement;
  const row = at.closest("tr[id]")?.id;
  const cell = at.closest("td, th")?.cellIndex;
  const after = [...main.querySelectorAll(REACHED)].filter((other) => at.compareDocumentPosition(other) & AFTER);
  become(main, fresh.getElementById("main"), sent);
  if (!at.isConnected) {
    const now = document.getElementById(row);
    const isPressed = pressed?.[0] === at.name && pressed[1] === at.value;
    const place = now?.cells[cell];
    const field = place?.querySelector(FIELDS) ?? now?.querySelector("[aria-invalid]");
    const inRow = (isPressed && field) || place?.querySelector("button");
    const again = at.id ? document.getElementById(at.id) : inRow;
    const onward = grid ? after.find((other) => other.isConnected) : main.querySelector(".asked select");
    const next = again ?? onward ?? main.querySelector(".go .main");
    for (const details of main.querySelectorAll("details")) details.open ||= details.contains(next);
    next?.focus();
  }
  const places = [`about-${about?.name}`, about?.closest("tr[id]")?.id].map((id) => document.getElementById(id));
  const trouble = places.map((place) => place?.querySelector(".trouble")).find(Boolean);
  const said = [fresh.getElementById("status"), trouble].map((element) => element?.textContent ?? "");
  say(said.join(" ").trim());
}

const nameOf = (node) => node.id || (node.name && `${node.name} ${node.value}`) || "";
const isSame = (one, other) => one.nodeName === other.nodeName && nameOf(one) === nameOf(other);

// Makes an element like another. What somebody wrote meanwhile, what is open, and the row of who is in it stay.
function become(old, now, sent) {
  if (old === status) return;
  if (!old.attributes) {
    if (old.data !== now.data) old.data = now.data;
    return;
  }
  const isField = old.matches(FIELDS);
  if (isField && sent.has(old.name) && old.value !== sent.get(old.name).replaceAll("\r\n", "\n")) return;
  for (const { name } of [...old.attributes]) name === "open" || now.hasAttribute(name) || old.removeAttribute(name);
  for (const { name, value } of now.attributes) name === "open" || old.setAttribute(name, value);
  const nodes = [...now.childNodes];
  const rest = [...old.childNodes];
  const found = nodes.map((node) => {
    const index = rest.findIndex((one) => isSame(one, node));
    return index < 0 ? node : rest.splice(index, 1)[0];
  });
  const kept = rest.filter((one) => one.nodeName === "TR" && one.contains(document.activeElement));
  for (const one of rest) kept.includes(one) || one.remove();
  const value = isField && now.value;
  let at = old.firstChild;
  nodes.forEach((node, index) => {
    if (found[index] !== node) become(found[index], node, sent);
    while (kept.includes(at)) at = at.nextSibling;
    if (found[index] === at) at = at.nextSibling;
    else old.insertBefore(found[index], at);
  });
  if (isField && sent.has(old.name) && old.value !== value) old.value = value;
}

// What leads elsewhere waits for the changes before it.
function afterwards(event, go) {
  if (!timer && !sending) return;
  event.preventDefault();
  if (timer) send();
  changes.then(() => isUnsaved || go());
}

function prepare() {
  document.addEventListener("pointerdown", () => (keyed = null));
  live.addEventListener("submit", (event) => {
    const { submitter } = event;
    const leads = !grid || submitter?.name === "continue";
    if (leads) return afterwards(event, () => submitter?.isConnected && live.requestSubmit(submitter));
    event.preventDefault();
    send(submitter);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("main a[href]:not([href^='#'], [download])");
    if (link) afterwards(event, () => location.assign(link.href));
  });
  document.addEventListener("submit", (event) => {
    if (event.target !== live) afterwards(event, () => event.target.requestSubmit(event.submitter));
  });
  main.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") keyed = event.target;
    if (event.key !== "Enter" || !isPassing) return;
    event.preventDefault();
    send();
  });
  main.addEventListener("focusout", () => isPassing && send());
  for (const name of ["input", "change"]) {
    main.addEventListener(name, ({ target }) => {
      if (target.form !== live || target.closest("#mend-tools, #replace")) return; // a button says what is done
      if (name === "input" && target.matches("select")) return;
      changed = target;
      isPassing = !grid && target === keyed && target.matches("select");
      if (!isPassing) later(name === "input" ? EVERY : 300);
    });
  }
}

if (live) prepare();
// Tab and Enter lead from a cell, and what it suggests, to the next wrong cell.
grid?.addEventListener("keydown", (event) => {
  const at = event.target;
  const cell = at.closest("td");
  const isEnter = event.key === "Enter" && at.matches("input, textarea");
  if (!cell || event.shiftKey || event.isComposing || !(isEnter || event.key === "Tab")) return;
  if (!isEnter && at !== [...cell.querySelectorAll(REACHED)].at(-1)) return;
  const isNext = (field) => !cell.contains(field) && at.compareDocumentPosition(field) & AFTER;
  const next = [...grid.querySelectorAll("td [aria-invalid]")].find(isNext);
  if (isEnter) send();
  if (!isEnter && !next) return;
  event.preventDefault();
  next?.focus();
});
