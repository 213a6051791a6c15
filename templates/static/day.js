// The day's board (and the wall) kept fresh without moving anything under somebody's thumb. Without it, pages do all.

const board = document.querySelector('[data-board]');
const page = board.dataset.page ?? 'live';
const EVERY = 5000;
let asked = null;
let under = null;
let again = false;

// Answers are read as documents, which the page's policy lets through without trusting a string.
const look = (path) => new Promise((tell, refuse) => {
  const request = new XMLHttpRequest();
  request.open('GET', `${board.dataset.board}/${path}`);
  request.responseType = 'document';
  request.timeout = 15000;
  request.onload = () => (request.status === 200 && request.response ? tell(request.response) : refuse(request.status));
  request.onerror = request.ontimeout = () => refuse(0);
  request.send();
});

const put = (was, is) => {
  if (!was || !is || was.isEqualNode(is)) return;
  const focused = was.contains(document.activeElement) ? document.activeElement.id : '';
  const held = [...document.querySelectorAll('[data-live], [data-live] [id]')]
    .find((one) => one.getBoundingClientRect().bottom > 0 && one.id);
  const top = held?.getBoundingClientRect().top;
  was.replaceWith(document.adoptNode(is));
  const back = held && document.getElementById(held.id);
  if (back) scrollBy({ top: back.getBoundingClientRect().top - top, behavior: 'instant' });
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
};

// One look at a time; what happens meanwhile is looked at once more.
const refresh = () => {
  if (under) { again = true; return under; }
  under = (async () => {
    try {
      do {
        again = false;
        const fresh = await look(page);
        if (again) continue;
        for (const part of fresh.querySelectorAll('[data-live]')) {
          put(document.querySelector(`[data-live="${part.dataset.live}"]`), part);
        }
      } while (again);
    } catch { /* the next look may find it */ } finally { under = null; }
    propose().catch(() => { asked = null; });
  })();
  return under;
};

// Groups from who is here, whenever that has changed.
const propose = async () => {
  const asks = document.querySelector('[data-mark]')?.dataset.mark;
  if (asks === undefined || asks === asked) return;
  const place = document.querySelector('[data-proposal]');
  asked = asks;
  const found = asks === '' ? null : await look('proposal');
  if (asked !== asks) return;
  if (found) put(place, found.querySelector('[data-proposal]'));
  else place.replaceChildren();
};

const say = (form, words) => {
  const state = form.closest('[data-live]').querySelector('[data-save-state]');
  state.querySelector('[data-save-words]').textContent = words;
  state.querySelector('[data-save-said]').textContent = words;
};

board.addEventListener('submit', async (event) => {
  const form = event.target;
  if (!('tick' in form.dataset)) return;
  event.preventDefault();
  const button = form.querySelector('button');
  if (button.ariaBusy === 'true') return;
  const was = button.ariaPressed;
  button.ariaBusy = 'true';
  button.ariaPressed = was === 'true' ? 'false' : 'true';
  say(form, 'Saving…');
  try {
    const sent = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'manual' });
    if (sent.type !== 'opaqueredirect') { form.submit(); return; }
    await refresh();
    button.ariaBusy = 'false';
  } catch {
    button.ariaBusy = 'false';
    button.ariaPressed = was;
    say(form, 'Couldn’t save. Tap again.');
  }
});

setInterval(() => { if (!document.hidden) refresh(); }, EVERY);
document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });
propose().catch(() => { asked = null; });
