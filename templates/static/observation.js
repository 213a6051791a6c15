// The live page: a tap is on the screen before anything else happens to it, then on this device, then with the server.

import { follow, stand } from './clock-follow.js';
import {
  Turned, adopt, exchange, forget, guard, keepNote, keepRound, keyOf, notesOf, roundOf, tidy, unsent,
} from './observation-store.js';

const QUIET = 10_000; // ms between two announcements to a screen reader
const PATIENCE = [2, 5, 15, 30, 60]; // seconds between tries while the server is away
const LISTEN = 60_000; // ms between looks for what another device has sent
const DAY = 24 * 60 * 60 * 1000;
const EFFECTS = { helped: 'helped', in_the_way: 'got in the way' };

const here = document.querySelector('[data-live]');
const at = (name, within = document) => within.querySelector(`[data-${name}]`);
const given = JSON.parse(here.dataset.live);
const { labels, path } = given;
const who = document.querySelector('.me').dataset.who;
const token = () => document.querySelector('[name=_token]').value;
const lines = at('lines');
const blank = at('line');
const channel = new BroadcastChannel('threefold-observation');

let round = { key: keyOf(given), who, member: given.member, path, title: given.title, heard: Date.now() };
let offset = given.now - Date.now() + sinceAnswered();
let closed = Boolean(given.closed);
let kept = true; // whether this device has room for a copy
const notes = new Map(given.notes.map((note) => [note.id, { ...note, key: round.key, sent: note.edition }]));

/** How long ago the server said what time it was; a page takes a while to arrive on a slow line. */
function sinceAnswered() {
  const page = performance.getEntriesByType('navigation')[0];
  return page?.responseStart ? performance.now() - page.responseStart : 0;
}

const now = () => Date.now() + offset;
const mine = () => [...notes.values()].filter((note) => !note.removed).sort(newestFirst);
const newestFirst = (one, other) => other.noted - one.noted || (other.id > one.id ? 1 : -1);
const clock = (seconds) => [seconds / 60, seconds % 60].map((part) => String(Math.floor(part)).padStart(2, '0')).join(':');

// --- what it says about itself ------------------------------------------------------------------------------

const [words, aloud, again] = ['words', 'said', 'again'].map((part) => at(`save-${part}`));
let spoken = -QUIET;
let speaking = 0;

function say(sentence, { aside = false, retry = false } = {}) {
  if (words.textContent === sentence) return;
  words.textContent = sentence;
  again.hidden = !retry;
  if (aside || speaking) return;
  speaking = setTimeout(() => {
    spoken = performance.now();
    speaking = 0;
    aloud.textContent = words.textContent;
  }, Math.max(0, spoken + QUIET - performance.now()));
}

function tell(sentence) {
  const card = at('closed');
  card.textContent = sentence;
  card.hidden = !sentence;
}

// --- drawing ------------------------------------------------------------------------------------------------

function lineOf(note) {
  const found = lines.querySelector(`[data-note="${note.id}"]`);
  if (found) return found;
  const line = blank.content.firstElementChild.cloneNode(true);
  line.dataset.note = note.id;
  for (const [tag, letter] of [['textarea', 'w'], ['input[type=checkbox]', 'q']]) {
    const field = line.querySelector(tag);
    if (!field) continue;
    line.querySelector(`label[for="${field.id}"]`)?.setAttribute('for', `${letter}-${note.id}`);
    field.id = `${letter}-${note.id}`;
  }
  return line;
}

const drawn = new WeakMap();

function fill(line, note, newest) {
  const last = drawn.get(line);
  if (last?.note === note && last.newest === newest && last.edition === note.edition) return;
  drawn.set(line, { note, newest, edition: note.edition });
  const says = labels[note.code] ?? 'Noted';
  const time = clock(note.seconds);
  const put = (name, text, hidden = !text) => Object.assign(at(name, line), { textContent: text, hidden });
  put('time', time);
  put('says', says);
  put('marked', EFFECTS[note.effect] ?? '');
  put('words', note.words).classList.toggle('quoted', note.quoted);
  put('error', note.refused === note.edition ? `Not sent. ${note.sentence}` : '');
  const details = line.querySelector('details');
  if (!details) return;
  put('opens', newest && !note.words ? 'Add words' : 'Change', false);
  for (const hidden of line.querySelectorAll('.vh')) hidden.textContent = ` (${says} at ${time})`;
  const choices = at('effect', line);
  for (const choice of choices.querySelectorAll('button')) choice.setAttribute('aria-pressed', choice.value === note.effect);
  if (newest) { if (choices.nextElementSibling !== details) details.before(choices); }
  else if (choices.parentElement.parentElement !== details) details.lastElementChild.prepend(choices);
  if (!details.open) {
    details.querySelector('textarea').value = note.words;
    details.querySelector('[name=quoted]').checked = note.quoted;
  }
}

function draw() {
  const shown = mine();
  const there = new Set(shown.map((note) => note.id));
  for (const line of [...lines.children]) if (!there.has(line.dataset.note)) line.remove();
  shown.forEach((note, place) => {
    const line = lineOf(note);
    fill(line, note, place === 0);
    if (lines.children[place] !== line) lines.insertBefore(line, lines.children[place] ?? null);
  });
  at('tally').textContent = shown.length || '';
  at('none').hidden = shown.length > 0;
  for (const tap of document.querySelectorAll('.tp')) {
    const count = shown.filter((note) => note.code === tap.value).length;
    const badge = at('count', tap);
    badge.hidden = count === 0;
    badge.firstChild.textContent = count;
  }
  const old = [...notes.values()].some((note) => unsent(note) && now() - note.noted > DAY);
  at('old').hidden = !old;
}

// --- noting -------------------------------------------------------------------------------------------------

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  return [...bytes].map((byte, place) => ([4, 6, 8, 10].includes(place) ? '-' : '') + byte.toString(16).padStart(2, '0')).join('');
}

function note(code, words_ = '', quoted = false) {
  const seconds = Math.max(0, Math.floor((now() - begins()) / 1000));
  keep({
    id: newId(), key: round.key, seconds, code, effect: null, words: words_, quoted, edition: 1,
    noted: Math.round(now()), removed: null, sent: 0,
  });
}

const change = (one, changes) => keep({ ...one, ...changes, edition: one.edition + 1 });

/** On the screen at once; everything that takes time comes after the next frame. */
function keep(one) {
  notes.set(one.id, one);
  draw();
  say('Saving…', { aside: true });
  store(one);
}

async function store(one) {
  try {
    await keepNote(one);
    kept = true;
    channel.postMessage(round.key);
    say(navigator.onLine ? 'Saved' : 'Offline. Saved here');
  } catch {
    kept = false; // a private window, or a full device: then it is sent from this page alone
  }
  soon(kept ? 400 : 0);
}

// --- sending ------------------------------------------------------------------------------------------------

let timer = 0;
let tries = 0;
let flight = null;

function soon(wait) {
  clearTimeout(timer);
  if (!closed) timer = setTimeout(send, wait);
}

function send() {
  clearTimeout(timer);
  if (closed) return Promise.resolve(false);
  flight ??= exchangeAll().finally(() => { flight = null; });
  return flight;
}

async function exchangeAll() {
  try {
    const answer = await exchange(round, token(), kept ? undefined : [...notes.values()].filter(unsent));
    if (answer.token) for (const field of document.querySelectorAll('[name=_token]')) field.value = answer.token;
    offset = answer.offset ?? offset;
    tries = 0;
    at('sign-in').hidden = true;
    if (answer.closed) close(answer.closed);
    if (kept) await look(); else hear(answer);
    const waits = [...notes.values()].some(unsent) || round.pressed;
    if (notes.size > 0 || words.textContent) say(waits ? 'Saved' : 'Sent');
    soon(waits ? 400 : LISTEN);
    return !waits;
  } catch (trouble) {
    if (trouble instanceof Turned) turned(trouble);
    else later();
    return false;
  }
}

function later() {
  if (kept) say('Offline. Saved here', { retry: true });
  else say('Couldn’t save. Your words are still on this page.', { retry: true });
  soon(1000 * PATIENCE[Math.min(tries++, PATIENCE.length - 1)]);
}

function turned({ status, said }) {
  if (status === 401) {
    at('sign-in').hidden = false;
    say('Saved here. Sign in to send');
  } else if (status === 410) {
    close(`${said.closed} Notes that are on this device stay here.`);
  } else if (status === 404) {
    close('This round isn’t yours any more. Your notes stay on this device.');
  } else if (status === 409) {
    notes.clear();
    draw();
    close('Somebody else is signed in on this device now. Notes that are kept here wait for whoever wrote them.');
  } else if (status === 422) {
    say('Saved here. The server couldn’t read them', { retry: true });
  } else {
    later();
  }
}

function close(sentence) {
  closed = true;
  clearTimeout(timer);
  tell(sentence);
  for (const part of document.querySelectorAll('.taps, .cmp, [data-start], [data-finish]')) part.hidden = true;
  awake();
}

/** What this device holds, from whichever tab it came. */
async function look() {
  const found = await roundOf(round.key);
  if (found) round = { ...round, ...found, pressed: found.pressed };
  for (const one of await notesOf(round.key)) {
    const shown = notes.get(one.id);
    if (!shown || one.edition >= shown.edition) notes.set(one.id, one);
  }
  draw();
  tick();
}

/** The same without a device to look at. */
function hear(answer) {
  for (const one of answer.notes) {
    if (one.edition >= (notes.get(one.id)?.edition ?? 0)) notes.set(one.id, { ...one, sent: one.edition });
  }
  for (const [id, sentence] of Object.entries(answer.refused ?? {})) {
    const one = notes.get(id);
    notes.set(id, { ...one, refused: one.edition, sentence });
  }
  round = { ...round, started: answer.started ?? round.started, pressed: undefined };
  draw();
  tick();
}

// --- the clock ----------------------------------------------------------------------------------------------

const { shared } = given; // the clock of the whole room, as it was last heard of

/** From when the round's practice counts on the room's clock, and for how long, in ms; null while nobody has started it. */
function together() {
  const { phases, state } = shared;
  if (state.standing === 'planned') return null;
  const then = now();
  const here = stand(state, phases, then);
  const place = phases.findIndex((phase) => phase.number === shared.round);
  if (place < 0) return null;
  if (here.place === place) return { starts: then + here.left - here.whole, length: here.whole };
  const { length } = phases[place];
  if (here.place > place) return { starts: here.entered[place] ?? given.planned, length };
  const between = phases.slice(here.place + 1, place).reduce((sum, phase) => sum + phase.length, 0);
  return { starts: then + here.left + between, length };
}

const begins = () => together()?.starts ?? round.started ?? given.started ?? given.planned;
const lasts = () => (together()?.length ?? given.minutes * 60_000) / 1000;
let before = Infinity;
let waiting = false; // this page was open before the round began
let lock = null;
let locking = false;

/** Reckoned from the time of day, so that it is right again after a minute asleep. */
function tick() {
  const into = (now() - begins()) / 1000;
  const whole = lasts();
  const left = Math.max(0, Math.ceil(whole - into));
  if (at('start')) at('start').hidden = together() !== null;
  awake();
  if (round.started ?? given.started) at('start')?.querySelector('button').replaceChildren('Start the clock again');
  if (into < 0) waiting = true;
  if (into < 0 || !at('clock')) return;
  if (waiting) at('phase').textContent = 'The round has begun';
  waiting = false;
  const shown = clock(left);
  if (at('left').textContent !== shown) at('left').textContent = shown;
  at('of').textContent = `left of ${Math.floor(whole / 60)}`;
  at('progress').firstElementChild.setAttribute('width', `${Math.min(100, 100 * into / whole).toFixed(1)}%`);
  if (before > 300 && left <= 300 && left > 0 && before !== Infinity) at('phase').textContent = 'Five minutes left';
  if (before > 0 && left === 0 && before !== Infinity) at('phase').textContent = 'That’s the time. You can still add notes.';
  before = left;
}

const running = () => {
  const into = (now() - begins()) / 1000;
  return !closed && into >= 0 && into < lasts();
};

/** The screen stays on while the clock runs, and only then. */
async function awake() {
  const wanted = running() && document.visibilityState === 'visible';
  if (!wanted && lock) { lock.release(); lock = null; }
  if (!wanted || lock || locking || !navigator.wakeLock) return;
  locking = true;
  try {
    lock = await navigator.wakeLock.request('screen');
    lock.addEventListener('release', () => { lock = null; });
  } catch { /* a low battery may say no */ } finally { locking = false; }
}

async function press() {
  round.started = round.pressed = Math.round(now());
  before = Infinity;
  tick();
  say('Saving…', { aside: true });
  await keepRound(round).catch(() => { kept = false; });
  soon(0);
}

// --- pressing things ----------------------------------------------------------------------------------------

const on = (name, act) => at(name)?.addEventListener('submit', (event) => {
  event.preventDefault();
  act(event.target, event.submitter);
});

on('stamps', (_, tap) => note(tap.value));
on('start', press);
on('words-form', (form) => {
  const text = form.elements.words.value.trim();
  if (text.length > given.most) return tell(`Shorten this to ${given.most} characters. It has ${text.length} now.`);
  if (text) note(null, text, form.elements.quoted.checked);
  tell('');
  form.reset();
  hold();
  return form.elements.words.focus();
});

// What is being written stays on this device, letter by letter, until it is added.
const box = at('words-form');
function hold() {
  const text = box.elements.words.value;
  round.typed = text ? { text, quoted: box.elements.quoted.checked } : undefined;
  keepRound({ ...round, offset }).catch(() => { kept = false; });
}
box?.addEventListener('input', hold);
function putBack() {
  if (!box || !round.typed || box.elements.words.value) return;
  box.elements.words.value = round.typed.text;
  box.elements.quoted.checked = round.typed.quoted;
}

let undo = null;
on('lines', (form) => {
  const one = notes.get(form.closest('[data-note]').dataset.note);
  if ('change' in form.dataset) {
    const text = form.elements.words.value.trim();
    const error = at('error', form.closest('.ln'));
    if (text.length > given.most) {
      error.textContent = `Shorten this to ${given.most} characters. It has ${text.length} now.`;
      error.hidden = false;
      return;
    }
    form.closest('details').open = false;
    form.closest('.ln').querySelector('summary').focus();
    change(one, { words: text, quoted: Boolean(text) && form.elements.quoted.checked });
  } else {
    undo = one.id;
    change(one, { removed: Math.round(now()) });
    const toast = at('toast');
    toast.hidden = false;
    toast.querySelector('[role=status] span').textContent = 'Removed.';
    at('undo').querySelector('button').focus();
  }
});
lines.addEventListener('click', (event) => {
  const choice = event.target.closest('[data-effect] button');
  if (!choice) return;
  event.preventDefault();
  const one = notes.get(choice.closest('[data-note]').dataset.note);
  change(one, { effect: one.effect === choice.value ? null : choice.value });
});
at('undo')?.addEventListener('submit', (event) => {
  if (!undo) return;
  event.preventDefault();
  at('toast').hidden = true;
  change(notes.get(undo), { removed: null });
  lines.querySelector(`[data-note="${undo}"] summary`)?.focus();
});

on('finish', async (form) => {
  if (await send()) return form.submit();
  if (!closed) tell('Your notes are safe on this device. Press Finish again when there’s a signal.');
  return undefined;
});

const quiet = at('quiet');
const remembered = 'threefold.bright';
function hush(yes) {
  quiet.setAttribute('aria-pressed', yes);
}
try { hush(localStorage.getItem(remembered) !== 'yes'); } catch { /* quiet, as it is by itself */ }
quiet.hidden = false;
quiet.addEventListener('click', () => {
  const yes = quiet.getAttribute('aria-pressed') !== 'true';
  hush(yes);
  try { localStorage.setItem(remembered, yes ? 'no' : 'yes'); } catch { /* until the page is left, then */ }
});

let warned = false;
at('forget').addEventListener('click', async (event) => {
  const left = [...notes.values()].filter(unsent).length;
  if (left > 0 && !warned) {
    warned = true;
    event.target.textContent = `${left === 1 ? 'One note hasn’t' : `${left} notes haven’t`} been sent yet. Forget all the same`;
    return;
  }
  close('This round is forgotten on this device. What was sent is still yours: open the page again to see it.');
  await forget(round).catch(() => {});
  notes.clear();
  draw();
  say('');
});

// --- beginning ----------------------------------------------------------------------------------------------

again.addEventListener('click', send);
addEventListener('online', () => { tries = 0; soon(0); });
addEventListener('offline', () => { if (words.textContent) say('Offline. Saved here'); });
document.addEventListener('visibilitychange', () => {
  tick();
  if (document.visibilityState === 'visible') { tries = 0; soon(0); } else if ([...notes.values()].some(unsent)) send();
});
channel.addEventListener('message', ({ data }) => { if (data === round.key) look().catch(() => {}); });
for (const form of document.querySelectorAll('form[action="/sign-out"]')) guard(form, who);

async function settle() {
  try {
    const found = await roundOf(round.key);
    if (found?.offset !== undefined) offset = found.offset; // this page may be a kept one
    round = { ...round, ...found, title: given.title };
    await keepRound({ ...round, offset });
    await adopt(round.key, given, []).catch(() => {});
    await look();
    putBack();
    await tidy(who);
  } catch {
    kept = false;
  }
  at('device').hidden = false;
  draw();
  setInterval(tick, 500);
  tick();
  await send();
  await keepRound({ ...round, offset }).catch(() => {});
}

/** The page and its parts, for when there is no signal. */
async function shelve() {
  if (!('serviceWorker' in navigator) || closed) return;
  const policy = window.trustedTypes?.createPolicy('threefold', { createScriptURL: () => '/observation/worker.js' });
  await navigator.serviceWorker.register(policy ? policy.createScriptURL('') : '/observation/worker.js');
  const shelf = await caches.open('threefold-observation');
  for (const part of given.keep) if (!await shelf.match(part, { ignoreVary: true })) await shelf.add(part);
  if (await shelf.match(path, { ignoreVary: true })) return;
  const page = await fetch(path, { redirect: 'manual', credentials: 'same-origin' });
  if (page.ok) await shelf.put(path, page);
}

settle();
if (!closed) {
  follow(shared.path, { tell: (told) => { shared.state = told.groups?.[shared.group] ?? told.clock; tick(); } });
}
shelve().catch(() => { /* no room for it here, or no signal just now: the page works while it is open */ });
