// Keeps pages fresh and takes files that are dropped. Everything works without it, with a reload now and then.
"use strict";

const EVERY = 700; // milliseconds between two questions
const PATIENCE = 15_000; // milliseconds until a program that doesn't answer counts as gone
const APART = 10_000; // milliseconds between two sentences about progress, which are read out
const status = document.getElementById("status");
const shown = status.textContent;
document.documentElement.classList.add("script");
let saidAt = -APART;
let seen; // the status as it is seen, where less of it is read out

function say(text) {
  if (seen) seen.textContent = text;
  if (status.textContent === text) return; // read out only where it differs
  status.textContent = text;
  saidAt = performance.now();
}

function sayProgress(text) {
  if (!seen) {
    seen = Object.assign(document.createElement("p"), { className: status.className, ariaHidden: "true" });
    status.after(seen);
    status.classList.add("unseen");
  }
  seen.textContent = text;
  const withoutNumbers = (sentence) => sentence.split(/\d+/).join();
  const isNews = withoutNumbers(text) !== withoutNumbers(status.textContent);
  if (isNews || performance.now() - saidAt >= APART) say(text);
}

function reload() {
  sessionStorage.setItem("over", location.pathname);
  location.reload();
}

// After the reload at the end, the outcome is read out, and notified if a person allowed it.
if (sessionStorage.getItem("over") === location.pathname) {
  sessionStorage.removeItem("over");
  setTimeout(() => status.textContent === shown && status.replaceChildren(shown), EVERY);
  const counts = document.querySelector("[data-notice]")?.dataset.notice;
  if (counts !== undefined && mayNotify() && sessionStorage.getItem("notify")) {
    const notification = new Notification("note-importer", { body: `${shown.trim()} ${counts}`.trim() });
    notification.addEventListener("click", () => window.focus());
  }
}

function mayNotify() {
  return window.Notification?.permission === "granted";
}

function offerNotification(tick) {
  if ((window.Notification?.permission ?? "denied") === "denied") return;
  const offer = tick.closest("p");
  offer.hidden = false;
  tick.checked = mayNotify() && sessionStorage.getItem("notify") !== null;
  tick.addEventListener("change", async () => {
    if (tick.checked && !mayNotify()) await Notification.requestPermission();
    tick.checked &&= mayNotify();
    if (tick.checked) sessionStorage.setItem("notify", "yes");
    else sessionStorage.removeItem("notify");
    offer.hidden = Notification.permission === "denied";
  });
}

document.querySelectorAll("#notify").forEach(offerNotification);

function fill(part, values) {
  for (const element of part.querySelectorAll("[data-field]")) {
    const value = values[element.dataset.field];
    if (element instanceof HTMLProgressElement) {
      if (values.total) [element.max, element.value] = [values.total, value];
    } else element.textContent = value || "–";
  }
  if (values.percent) document.title = document.title.replace(/^\d+ % · |^/, values.percent);
  sayProgress(values.status || shown);
}

async function poll(part) {
  let isGone = false;
  try {
    const answer = await fetch(part.dataset.poll, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status >= 500) throw new Error(answer.statusText);
    if (!answer.ok) return location.reload(); // another program answers here: it says what to do
    const values = await answer.json();
    if (values.reload) return reload();
    fill(part, values);
  } catch {
    isGone = true;
    say(status.dataset.noAnswer);
  }
  for (const line of [status, seen]) line?.classList.toggle("gone", isGone);
  setTimeout(poll, isGone ? 4 * EVERY : EVERY, part);
}

for (const part of document.querySelectorAll("[data-poll]")) setTimeout(poll, EVERY, part);

for (const time of document.querySelectorAll("time")) {
  time.title = time.textContent;
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}

window.addEventListener("pageshow", (event) => event.persisted && location.reload()); // Back shows no stale screen

for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    // Beside the field a browser would open the file in the place of this page.
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (name === "dragover") event.dataTransfer.dropEffect = "none";
  });
}

function takeFiles(drop) {
  const input = drop.querySelector("input[type=file]");
  const send = () => {
    say(drop.dataset.uploading);
    drop.requestSubmit();
  };
  input.addEventListener("change", () => input.files.length && send());
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!input.multiple && event.dataTransfer.files.length !== 1) return say(drop.dataset.onlyOne);
    input.files = event.dataTransfer.files;
    send();
  });
}

let isLooking = false;
let isAgain = false; // whether something was chosen during the look that is under way
let waiting;

async function look(form) {
  isAgain = true;
  if (isLooking) return;
  isLooking = true;
  const shown = document.getElementById("looked");
  shown.setAttribute("aria-busy", "true");
  say(form.dataset.looking);
  try {
    while (isAgain) {
      isAgain = false;
      const fresh = await looked(form);
      if (!fresh) return location.reload(); // it says why nothing can be shown
      form.elements.seen.value = fresh.querySelector("[name=seen]").value;
      if (!isAgain) show(fresh, shown);
    }
  } catch {
    say(status.dataset.noAnswer);
  } finally {
    isLooking = false;
  }
}

// The screen after a choice, once the file is read.
async function looked(form) {
  let answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  for (;;) {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (fresh.getElementById("looked")) return fresh;
    if (!answer.ok || !fresh.querySelector("[data-poll]")) return null;
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    answer = await fetch(answer.url, { cache: "no-store" });
  }
}

// Whether two elements are the same one on two screens: the questions have numbers, which change.
function isSame(one, other) {
  const name = (element) => element.ariaLabel ?? element.labels?.[0]?.textContent ?? element.textContent;
  return one.tagName === other.tagName && name(one) === name(other);
}

function show(fresh, shown) {
  const at = document.activeElement;
  const top = at.getBoundingClientRect().top;
  const isInside = shown.contains(at);
  const open = [...shown.querySelectorAll("details[open][id]")].map((details) => details.id);
  const looked = document.adoptNode(fresh.getElementById("looked"));
  shown.replaceWith(looked);
  for (const details of looked.querySelectorAll("details")) details.open = open.includes(details.id);
  if (isInside) {
    const same = [...looked.querySelectorAll(at.tagName)].filter((element) => isSame(element, at));
    const again = same.find(({ id }) => id === at.id) ?? same[0] ?? (at.id && document.getElementById(at.id));
    const next = again || looked.querySelector(".asked select, .go .main") || looked.querySelector("select");
    if (again && at === keyed) {
      keyed = again;
      if (isPassing && [...again.options].some(({ value }) => value === at.value)) again.value = at.value;
    }
    if (next?.closest("details")) next.closest("details").open = true;
    next?.focus({ preventScroll: true });
    if (again) scrollBy(0, again.getBoundingClientRect().top - top);
    else next?.scrollIntoView({ block: "nearest" });
  }
  prepare(looked);
  say(fresh.getElementById("status").textContent);
}

let keyed; // drop-down in which a key was pressed last
let isPassing = false; // whether keys changed it, which pass by other options: it is looked at when one leaves it

function prepare(part) {
  part.querySelectorAll(".drop").forEach(takeFiles);
  const form = part.querySelector("[data-looking]");
  const lookNow = () => {
    isPassing = false;
    clearTimeout(waiting);
    waiting = setTimeout(look, 300, form);
  };
  if (!form) return;
  const on = (name, act) => part.addEventListener(name, (event) => event.target.form === form && act(event));
  on("pointerdown", () => (keyed = null));
  on("keydown", (event) => {
    if (event.key !== "Enter") keyed = event.target;
    else if (isPassing) {
      event.preventDefault();
      lookNow();
    }
  });
  on("change", (event) => {
    isPassing = event.target === keyed;
    if (!isPassing) lookNow();
  });
  on("focusout", () => isPassing && form.isConnected && lookNow());
}

// A link to a field, or an address with one, leads into it.
function enter(id) {
  const field = document.getElementById(id);
  if (!field?.matches("input, select, textarea")) return false;
  if (field.closest("details")) field.closest("details").open = true;
  field.focus();
  return true;
}

// The field that a person changed before this script came, or in which the browser put an earlier choice back.
function changedIn(form) {
  return [...form.elements].find((field) => {
    if (field.matches("button, fieldset")) return false;
    if (field.matches("select")) {
      const usual = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(usual, 0);
    }
    return field.type === "file" ? false : field.value !== field.defaultValue || field.checked !== field.defaultChecked;
  });
}

prepare(document);
for (const form of document.querySelectorAll("[data-looking]")) changedIn(form) && look(form);
enter(location.hash.slice(1));
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && enter(link.getAttribute("href").slice(1))) event.preventDefault();
});

// -- the grid of rows with problems: a change is checked at once ------------------------------------------------------

const grid = document.getElementById("grid");
const FIELDS = "input, select, textarea";
const REACHED = "input, select, textarea, button:not([tabindex]), summary, a";
const AFTER = Node.DOCUMENT_POSITION_FOLLOWING;
let changes = Promise.resolve(); // one after the other, so that none is lost
let sending = 0; // number of changes that aren't checked yet
let changed = null; // field that was changed last
let typing = 0; // timer of a change that isn't sent yet
let isUnsaved = false; // whether the last change couldn't be saved; it is tried again
let held = null; // button, summary or link that is held down: a click ends where it began, or is none

// Continue once nothing is held down, and its click has come.
async function released() {
  while (held?.isConnected) await new Promise((resolve) => setTimeout(resolve, 50));
}

for (const name of ["pointerdown", "keydown"]) {
  grid?.addEventListener(name, (event) => {
    held = event.target.closest("button, summary, a");
  });
}
for (const name of ["pointerup", "pointercancel", "keyup", "blur"]) {
  addEventListener(name, () => setTimeout(() => (held = null)));
}

function mend(submitter) {
  clearTimeout(typing);
  typing = 0;
  sending += 1;
  const pressed = submitter?.name && [submitter.name, submitter.value]; // it may be another button by then
  const about = submitter?.name ? submitter : changed;
  const save = async () => {
    const sent = new URLSearchParams(new FormData(grid));
    if (pressed) sent.append(...pressed);
    if (!isUnsaved) say(grid.dataset.checking);
    const answer = await fetch(grid.action, { method: "POST", body: sent, cache: "no-store" }).catch(() => null);
    const text = (await answer?.text().catch(() => null)) ?? null;
    const fresh = new DOMParser().parseFromString(String(text), "text/html");
    isUnsaved = text === null || !answer.ok;
    status.classList.toggle("gone", isUnsaved);
    if (isUnsaved) {
      if (text === null) say(grid.dataset.notSaved);
      else say(`${grid.dataset.refused} ${reasonIn(fresh)}`);
      if (text === null || answer.status >= 500) typing ||= setTimeout(mend, 4 * EVERY, submitter);
      return;
    }
    if (!fresh.getElementById("grid")) return answer.redirected ? location.assign(answer.url) : location.reload();
    await released();
    showRows(fresh, sent, pressed, about);
  };
  const send = () => save().finally(() => (sending -= 1));
  changes = changes.then(send, send);
}

// The sentences of a screen that says what didn't work.
function reasonIn(screen) {
  const parts = [...screen.querySelectorAll("header ~ main h1, main > .said, main > p:not([class])")];
  const sentences = parts.map((part) => part.textContent.trim());
  return sentences.map((sentence) => (/[.?!]$/.test(sentence) ? sentence : `${sentence}.`)).join(" ");
}

// What leads elsewhere waits for the changes before it.
function afterwards(event, go) {
  if (!typing && !sending) return false;
  event.preventDefault();
  if (typing) mend();
  const next = () => isUnsaved || go();
  changes.then(next, next);
  return true;
}

function isEdited(part, sent) {
  const fields = [...part.querySelectorAll(FIELDS)];
  return fields.some((field) => field.value !== sent.get(field.name)?.replaceAll("\r\n", "\n"));
}

function showRows(fresh, sent, pressed, changed) {
  const about = changed?.closest("tr[id]")?.id;
  const at = document.activeElement;
  const row = at.closest("tr[id]");
  const cell = at.closest("td, th")?.cellIndex;
  const after = [...grid.querySelectorAll(REACHED)].filter((other) => at.compareDocumentPosition(other) & AFTER);
  for (const old of grid.querySelectorAll("tr[id]")) {
    const now = fresh.getElementById(old.id);
    if (!now) old.contains(at) || old.remove();
    else if (old.contains(at) && at.matches(FIELDS)) showAround(old, now, at, sent);
    else if (!isEdited(old, sent)) {
      for (const more of now.querySelectorAll("details")) more.open = Boolean(old.querySelector("details[open]"));
      old.replaceWith(document.adoptNode(now)); // if so, the next change shows it
    }
  }
  document.getElementById("seen").value = fresh.getElementById("seen").value;
  for (const id of ["mend-tools", "kinds", "mended"]) {
    const old = document.getElementById(id);
    const now = fresh.getElementById(id);
    if (old && now && (!old.contains(at) || at.matches("button"))) old.replaceWith(document.adoptNode(now));
  }
  const now = row && document.getElementById(row.id);
  if (!document.contains(at)) {
    const isPressed = pressed?.[0] === at.name && pressed[1] === at.value;
    const field = isPressed && (now?.querySelector(FIELDS) ?? now?.querySelector("button"));
    const next = now?.cells[cell]?.querySelector("button") ?? after.map(stillThere).find(Boolean);
    (stillThere(at) || field || next || grid.querySelector(".main")).focus();
  }
  const trouble = [`about-${changed?.name}`, about].map((id) => document.getElementById(id)?.querySelector(".trouble"));
  const said = [fresh.getElementById("status"), trouble[0] ?? trouble[1]];
  say(said.map((element) => element?.textContent).join(" ").trim());
}

function stillThere(part) {
  if (part.id || document.contains(part)) return part.id ? document.getElementById(part.id) : part;
  return [...grid.querySelectorAll("button")].find(({ name, value }) => name === part.name && value === part.value);
}

// Whoever is in a field stays there; everything around it is new.
function showAround(old, now, at, sent) {
  old.className = now.className;
  const others = [...now.cells];
  for (const cell of [...old.cells]) {
    const other = others.shift();
    if (!cell.contains(at)) {
      if (!isEdited(cell, sent)) cell.replaceWith(document.adoptNode(other));
      continue;
    }
    cell.className = other.className;
    at.toggleAttribute("aria-invalid", false);
    if (other.querySelector("[aria-invalid]")) at.setAttribute("aria-invalid", "true");
    const about = [...other.querySelectorAll(".about")];
    for (const part of cell.querySelectorAll(".about")) part.replaceChildren(...(about.shift()?.childNodes ?? []));
  }
}

grid?.addEventListener("submit", (event) => {
  const { submitter } = event;
  if (submitter?.name === "continue") return afterwards(event, () => grid.requestSubmit(submitter));
  event.preventDefault();
  mend(submitter);
});
document.addEventListener("click", (event) => {
  const link = grid && event.target.closest("#grid a, #kinds a");
  if (link) afterwards(event, () => location.assign(link.href));
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("#kinds form")) afterwards(event, () => event.target.submit());
});

document.getElementById("keys")?.removeAttribute("hidden");
// Tab and Enter lead from a cell, and what it suggests, to the next wrong cell.
grid?.addEventListener("keydown", (event) => {
  const at = event.target;
  const cell = at.closest("td");
  const isEnter = event.key === "Enter" && at.matches("input, textarea");
  if (!cell || event.shiftKey || event.isComposing || !(isEnter || event.key === "Tab")) return;
  if (!isEnter && at !== [...cell.querySelectorAll(REACHED)].at(-1)) return;
  const isNext = (field) => !cell.contains(field) && at.compareDocumentPosition(field) & AFTER;
  const next = [...grid.querySelectorAll("td [aria-invalid]")].find(isNext);
  if (isEnter) mend();
  if (!isEnter && !next) return;
  event.preventDefault();
  next?.focus();
});
for (const name of ["input", "change"]) {
  grid?.addEventListener(name, (event) => {
    if (event.target.closest("#mend-tools, #replace")) return; // its button says what is done
    changed = event.target;
    clearTimeout(typing);
    typing = setTimeout(() => mend(), name === "input" && !event.target.matches("select") ? 700 : 300);
  });
}
if (grid && (changed = changedIn(grid))) mend();
