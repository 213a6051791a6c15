// The clock on a page: a phone's, the projector's, the tutors' panel. Everything on it is there without this, too.

import { follow, stand } from './clock-follow.js';

const STANDS = { planned: 'By the plan', paused: 'Paused', stopped: 'Stopped' };
const SHOWN = {
  start: ['planned', 'stopped'], resume: ['paused', 'stopped'], pause: ['running'], extend: ['running', 'paused', 'over'],
  next: ['running', 'paused'], back: ['running', 'paused', 'over'], stop: ['running', 'paused'],
};
const root = document.querySelector('[data-clock]');
const given = JSON.parse(root.dataset.clock);
const at = (name, within = root) => within.querySelector(`[data-${name}]`);
const hour = new Intl.DateTimeFormat('en-GB', { timeZone: given.zone, hour: '2-digit', minute: '2-digit' });
const opened = performance.now();
let state = null;
let before = null;
let timer = 0;

function put(part, words, hidden = false) {
  if (!part) return;
  if (part.textContent !== words) part.textContent = words;
  part.hidden = hidden;
}

const figures = (left) => {
  const seconds = Math.ceil(left / 1000);
  return [seconds / 60, seconds % 60].map((one) => String(Math.floor(one)).padStart(2, '0')).join(':');
};
const minutes = (length) => {
  const halves = Math.round(length / 30_000);
  const said = `${halves > 1 || !halves ? Math.floor(halves / 2) : ''}${halves % 2 ? '½' : ''}`;
  return `${said} minute${said === '1' || said === '½' ? '' : 's'}`;
};
const phasesOf = (group) => given.own?.[group] ?? given.phases;

function say(time, when) {
  const whole = new Date(Math.round(when / 1000) * 1000);
  put(time, hour.format(whole));
  time.dateTime = whole.toISOString().replace('.000', '');
}

// --- drawing ------------------------------------------------------------------------------------------------

function head(within, here, phases) {
  const phase = phases[here.place];
  const now = clock.now();
  const begun = here.standing !== 'planned' || now >= given.starts;
  const moves = phase && (here.standing === 'running' || here.standing === 'planned');
  put(at('name', within), phase ? phase.name : 'That’s the time');
  put(at('stands', within), STANDS[here.standing] ?? '');
  const until = at('until', within);
  if (!until) return;
  until.hidden = !moves;
  put(at('word', within), begun ? 'until' : 'starts at');
  say(at('ends', within), begun ? now + here.left : given.starts);
}

function draw() {
  clearTimeout(timer);
  if (!state) return;
  const here = stand(state.clock, given.phases, clock.now());
  const phase = given.phases[here.place];
  head(root, here, given.phases);
  put(at('round'), phase?.round ?? '');
  put(at('detail'), phase?.detail ?? '');
  put(at('left'), figures(here.left));
  put(at('of'), phase ? `left of ${minutes(here.whole)}` : '');
  const next = phase?.next ?? '';
  put(at('next'), given.panel ? next.slice(0, 1).toLowerCase() + next.slice(1) : next);
  if (at('then')) at('then').hidden = !next;
  if (at('speaks')) at('speaks').hidden = !phase?.speaks;
  const share = here.whole ? here.left / here.whole : 0;
  at('rest')?.setAttribute('stroke-dasharray', `0 ${(1 - share).toFixed(4)} ${share.toFixed(4)} 0`);
  at('gone')?.setAttribute('width', `${(100 - 100 * share).toFixed(1)}%`);
  segments(here.whole);
  for (const part of root.querySelectorAll('[data-part]')) part.hidden = Number(part.dataset.part) !== here.place;
  strip(here);
  for (const form of root.querySelectorAll('[data-press]')) buttons(form);
  for (const one of root.querySelectorAll('[data-group]')) {
    const own = state.groups?.[one.dataset.group];
    if (own) head(one, stand(own, phasesOf(one.dataset.group), clock.now()), phasesOf(one.dataset.group));
  }
  turned(here, phase);
  awake(here.standing === 'running');
  timer = setTimeout(draw, here.standing === 'running' || here.standing === 'planned' ? here.left % 1000 || 1000 : 1000);
}

let parts = 0;
function segments(whole) {
  const count = Math.max(1, Math.round(whole / 60_000));
  const step = [1, 2, 5].find((one) => Math.floor(count / one) <= 30) ?? 5;
  const now = Math.max(1, Math.floor(count / step));
  if (now === parts) return;
  parts = now;
  for (const circle of root.querySelectorAll('[data-ring]')) {
    circle.setAttribute('pathLength', now);
    circle.setAttribute('stroke-dasharray', `${(1 - 0.008 * now).toFixed(3)} ${(0.008 * now).toFixed(3)}`);
  }
}

function strip(here) {
  const stages = [...root.querySelectorAll('[data-stage]')];
  const begun = here.standing !== 'planned' || clock.now() >= given.starts;
  let comes = clock.now() + here.left;
  const begins = given.phases.map((phase, place) => {
    if (place <= here.place) return here.entered[place];
    const then = comes;
    comes += phase.length;
    return then;
  });
  late(comes, here);
  stages.forEach((stage, number) => {
    const first = Number(stage.dataset.stage);
    const after = Number(stages[number + 1]?.dataset.stage ?? given.phases.length);
    stage.classList.toggle('done', here.place >= after);
    if (begun && first <= here.place && here.place < after) stage.setAttribute('aria-current', 'step');
    else stage.removeAttribute('aria-current');
    const since = begins.slice(first, after).find(Boolean);
    if (since) say(stage.querySelector('time'), since);
  });
}

/** Whether the whole of it would end after the time people were told. */
function late(over, here) {
  const words = at('late');
  if (!words) return;
  words.hidden = !['running', 'paused'].includes(here.standing) || Math.round((over - given.until) / 60_000) < 1;
  say(words.querySelector('time'), over);
}

function buttons(form) {
  const group = form.elements.group?.value;
  const own = stand(state.groups?.[group] ?? state.clock, phasesOf(group), clock.now());
  form.elements.seen.value = own.place;
  for (const button of form.querySelectorAll('[name=what]')) button.hidden = !SHOWN[button.value].includes(own.standing);
}

// --- a change, by sight, by sound and for those who listen ----------------------------------------------------

let shown = 0;
function turned(here, phase) {
  const last = before;
  before = here;
  if (!last) return;
  const until = phase && here.standing === 'running' ? `, until ${hour.format(clock.now() + here.left)}` : '';
  const moved = last.place !== here.place;
  let words = '';
  if (moved || (last.standing !== here.standing && here.standing === 'running' && last.standing === 'planned')) {
    words = phase ? `${phase.said}${until}.` : 'That’s the time.';
  } else if (last.standing !== here.standing) {
    words = here.standing === 'running' ? `Going on${until}.` : `${STANDS[here.standing] ?? 'That’s the time'}.`;
  } else if (here.whole > last.whole) words = `A little longer${until}.`;
  if (!words) return;
  put(at('aloud'), words);
  if (!moved || here.standing === 'planned') return;
  root.classList.add('turned');
  clearTimeout(shown);
  shown = setTimeout(() => root.classList.remove('turned'), 8000);
  chime();
}

const sound = at('sound');
let audio = null;
const REMEMBERED = 'threefold.sound';
function hear(yes) {
  sound.setAttribute('aria-pressed', yes);
  try { if (yes) localStorage.setItem(REMEMBERED, 'yes'); else localStorage.removeItem(REMEMBERED); } catch { /* until the page is left, then */ }
}

/** Two soft notes, made here. */
function chime() {
  if (sound?.getAttribute('aria-pressed') !== 'true') return;
  audio ??= new AudioContext();
  audio.resume();
  [523.25, 659.25].forEach((pitch, number) => {
    const [note, loud, begins] = [audio.createOscillator(), audio.createGain(), audio.currentTime + number * 0.35];
    note.frequency.value = pitch;
    loud.gain.setValueAtTime(0, begins);
    loud.gain.linearRampToValueAtTime(0.12, begins + 0.04);
    loud.gain.exponentialRampToValueAtTime(0.0001, begins + 1.2);
    note.connect(loud).connect(audio.destination);
    note.start(begins);
    note.stop(begins + 1.3);
  });
}
if (sound && 'AudioContext' in window) {
  let on = false;
  try { on = localStorage.getItem(REMEMBERED) === 'yes'; } catch { /* off, as it is by itself */ }
  hear(on);
  sound.hidden = false;
  sound.addEventListener('click', () => {
    hear(sound.getAttribute('aria-pressed') !== 'true');
    chime();
  });
}

/** The projector's screen stays on while the clock runs. */
let lock = null;
async function awake(runs) {
  const wanted = given.wall && runs && document.visibilityState === 'visible';
  if (!wanted && lock) { (await lock)?.release(); lock = null; }
  if (wanted && !lock) lock = navigator.wakeLock?.request('screen').then((held) => {
    held.addEventListener('release', () => { lock = null; });
    return held;
  }, () => null) ?? null;
}

// --- pressing -------------------------------------------------------------------------------------------------

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  return [...bytes].map((byte, place) => ([4, 6, 8, 10].includes(place) ? '-' : '') + byte.toString(16).padStart(2, '0')).join('');
}

const pressing = new Map(); // what is on its way keeps its id, so that trying again is no second press

async function send(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.set(button.name, button.value);
  const which = `${form.action} ${body.get('group') ?? ''} ${body.get('what') ?? ''}`;
  if (pressing.get(which)?.busy) return;
  const press = { id: pressing.get(which)?.id ?? newId(), busy: true };
  pressing.set(which, press);
  body.set('id', press.id);
  const refused = at('refused') ?? at('asked', document);
  try {
    const answer = await fetch(form.action, {
      method: 'POST', body, headers: { accept: 'application/json' }, credentials: 'same-origin', redirect: 'manual',
    });
    if (answer.status === 422) {
      pressing.delete(which);
      put(refused, (await answer.json()).sentence);
      return;
    }
    if (!answer.ok) { form.submit(); return; } // signed out, or a page that had been open for long: its own page says so
    const said = await answer.json();
    pressing.delete(which);
    if (at('refused')) at('refused').hidden = true;
    clock.take(said.state);
  } catch {
    press.busy = false;
    put(refused, 'No connection just now, so nothing was pressed. Try again in a moment.');
  }
}

document.addEventListener('submit', (event) => {
  if (!event.target.matches('[data-press], [data-ask], [data-coming]')) return;
  event.preventDefault();
  send(event.target, event.submitter);
});

// --- please come ----------------------------------------------------------------------------------------------

let asked;
function asking(ask) {
  const standing = !ask ? 'none' : ask.by === null ? 'waits' : 'coming';
  if (standing === asked) return;
  const first = asked === undefined;
  asked = standing;
  for (const form of document.querySelectorAll('[data-ask]')) form.hidden = (form.dataset.ask === 'waits') !== (standing === 'waits');
  if (first && standing === 'none') return;
  put(at('asked', document), { none: given.asks, waits: '', coming: `${ask?.by} is on the way.` }[standing] || '');
}

function ago(since) {
  const seconds = Math.max(0, Math.floor((clock.now() - since) / 1000));
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${seconds - seconds % 10} seconds ago`;
  const whole = Math.floor(seconds / 60);
  return `${whole} minute${whole === 1 ? '' : 's'} ago`;
}

function waiting(asks) {
  const list = at('asks', document);
  if (!list || !asks) return;
  for (const one of [...list.querySelectorAll('[data-asks-of]')]) if (!asks[one.dataset.asksOf]) one.remove();
  for (const [group, ask] of Object.entries(asks)) {
    let one = list.querySelector(`[data-asks-of="${group}"]`);
    if (!one) {
      one = at('asks-one', document).content.firstElementChild.cloneNode(true);
      one.dataset.asksOf = group;
      for (const called of one.querySelectorAll('[data-called]')) called.textContent = given.called[group] ?? 'A group';
      one.querySelector('form').action = `/triads/${group}/please-come/coming`;
      list.append(one);
      put(at('asks-aloud', document), `${given.called[group] ?? 'A group'} asked for you.`);
    }
    put(at('ago', one), ago(ask.at));
  }
}

// --- beginning ------------------------------------------------------------------------------------------------

const clock = follow(given.path, {
  wall: given.wall,
  lost: (yes) => { if (at('lost')) at('lost').hidden = !yes; },
  tell: (told) => {
    state = told;
    if (given.seating && told.seating !== given.seating && performance.now() - opened > 3000) location.reload();
    if (at('asking', document)) asking(told.ask);
    waiting(told.asks);
    draw();
  },
});
setInterval(() => waiting(state?.asks), 10_000);
document.addEventListener('visibilitychange', draw);
