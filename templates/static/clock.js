// The clock on a page. Everything on it is there without this, too.

import { follow, stand } from './clock-follow.js';

const STANDS = { planned: 'By the plan,', paused: 'Paused', stopped: 'Stopped' };
const SHOWN = {
  start: ['planned', 'stopped'], resume: ['paused', 'stopped'], pause: ['running'], extend: ['running', 'paused', 'over'],
  next: ['running', 'paused'], back: ['running', 'paused', 'over'], stop: ['running', 'paused'],
};
const MOVES = ['running', 'planned'];
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

function head(within, here, phases) {
  const phase = phases[here.place];
  const now = clock.now();
  const begun = here.standing !== 'planned' || now >= given.starts;
  const moves = phase && MOVES.includes(here.standing);
  put(at('name', within), phase ? phase.name : 'That’s the time');
  put(at('stands', within), STANDS[here.standing] ?? '');
  at('until', within).hidden = !moves;
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
  timer = setTimeout(draw, MOVES.includes(here.standing) ? here.left % 1000 || 1000 : 1000);
}

let parts = 0;
function segments(whole) {
  const count = Math.max(1, Math.round(whole / 60_000));
  const now = [1, 2, 5].map((step) => Math.floor(count / step)).find((one) => one <= 30) ?? 30;
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
  let comes = Math.max(clock.now(), begun ? 0 : given.starts) + here.left;
  const begins = given.phases.map((phase, place) => {
    if (place <= here.place) return here.entered[place];
    const then = comes;
    comes += phase.length;
    return then;
  });
  late(comes, here.standing);
  stages.forEach((stage, number) => {
    const first = Number(stage.dataset.stage);
    const after = Number(stages[number + 1]?.dataset.stage ?? given.phases.length);
    stage.classList.toggle('done', here.place >= after);
    stage.ariaCurrent = begun && first <= here.place && here.place < after ? 'step' : null;
    const since = begins.slice(first, after).find(Boolean);
    if (since) say(stage.querySelector('time'), since);
  });
}

function buttons(form) {
  const group = form.elements.group?.value;
  const own = stand(state.groups?.[group] ?? state.clock, phasesOf(group), clock.now());
  form.elements.seen.value = own.place;
  for (const button of form.querySelectorAll('[name=what]')) button.hidden = !SHOWN[button.value].includes(own.standing);
}

let shown = 0;
/** Says a change: by sight, by sound, and to those who listen. */
function turned(here, phase) {
  const last = before;
  before = here;
  if (!last) return;
  const until = phase && here.standing === 'running' ? `, until ${hour.format(clock.now() + here.left)}` : '';
  const moved = last.place !== here.place;
  let words = '';
  if (moved || (last.standing === 'planned' && here.standing === 'running')) {
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
let chime = () => {};
const offerSound = () => import('./clock-sound.js').then(({ offer }) => { chime = offer(sound); });
if (sound) {
  let remembered = null;
  try { remembered = localStorage.getItem('threefold.sound'); } catch { /* off, as it is by itself */ }
  sound.hidden = false;
  if (remembered === 'yes') offerSound();
  else sound.addEventListener('click', () => offerSound().then(() => sound.click()), { once: true });
}

let awake = () => {};
if (given.wall) import('./clock-wall.js').then(({ stayAwake }) => { awake = stayAwake; });

document.addEventListener('submit', (event) => {
  const { target, submitter } = event;
  if (!target.matches('[data-press], [data-ask], [data-coming]')) return;
  event.preventDefault();
  const told = at('refused') ?? at('asked', document);
  import('./clock-press.js').then(({ send }) => send(target, submitter)).then((said) => {
    if (said.state) clock.take(said.state);
    if (said.sentence || told?.matches('.err')) put(told, said.sentence, !said.sentence);
  }, () => put(told, 'No connection just now, so nothing was pressed. Try again in a moment.'));
});

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

let waiting = () => {};
let late = () => {};
if (given.panel) {
  import('./clock-tutors.js').then(({ showAsks, isLate }) => {
    waiting = () => showAsks(state?.asks, given.called, clock.now());
    late = (over, standing) => isLate(over, standing, given.until, say);
    setInterval(waiting, 10_000);
    waiting();
  });
}

const clock = follow(given.path, {
  wall: given.wall,
  lost: (yes) => { if (at('lost')) at('lost').hidden = !yes; },
  tell: (told) => {
    state = told;
    if (given.seating && told.seating !== given.seating && performance.now() - opened > 3000) location.reload();
    if (at('asking', document)) asking(told.ask);
    waiting();
    draw();
  },
});
document.addEventListener('visibilitychange', draw);
