// Never lose a word: a form with data-autosave="/url" is saved as it is written, and says so.
//
// The server gets the whole form, urlencoded, and answers 200 {saved_at, version}, or, when another window
// has saved since, 409 {version, theirs: {name: value or [values]}}. Until it answers, the words are also
// kept on this device under the form's data-keep.

const PAUSE = 800;             // ms after the last change
const QUIET = 10_000;          // ms between two announcements to a screen reader
const PATIENCE = [5, 15, 30, 60]; // seconds between tries while the server is away
const SENT = 'threefold.sent';

const shelf = (name) => `threefold.keep.${name}`;

/** Storage may be full, or forbidden in a private window; then words live on the page alone. */
const device = {
  read(name) { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } },
  write(name, value) { try { localStorage.setItem(name, JSON.stringify(value)); return true; } catch { return false; } },
  forget(name) { try { localStorage.removeItem(name); } catch { /* nothing was kept */ } },
};

/** What the person wrote, as [name, value] pairs; not the token, the version or a file. */
function wordsOf(form) {
  return [...new FormData(form)].filter(
    ([name, value]) => name !== '_token' && name !== 'version' && typeof value === 'string',
  );
}

function putWords(form, words) {
  const left = new Map();
  for (const [name, value] of words) left.set(name, [...(left.get(name) ?? []), value]);
  for (const field of form.elements) {
    if (!field.name || ['_token', 'version'].includes(field.name)) continue;
    if (field.type === 'radio' || field.type === 'checkbox') {
      const place = left.get(field.name)?.indexOf(field.value) ?? -1;
      field.checked = place >= 0;
      if (place >= 0) left.get(field.name).splice(place, 1); // a box for words may go by the same name
    } else if (!['file', 'submit', 'button', 'fieldset'].includes(field.type)) {
      const value = left.get(field.name)?.shift();
      if (value !== undefined) field.value = value;
    }
  }
  form.dispatchEvent(new Event('put')); // for a script that draws what the form holds
}

const same = (one, other) => JSON.stringify(normal(one)) === JSON.stringify(normal(other));
const normal = (words) => words.map(([name, value]) => [name, value.replaceAll('\r\n', '\n')]);

/** Shows where the words are, at once to the eye and at most once in ten seconds to the ear. */
function speaker(form) {
  const place = form.querySelector('[data-save-state]') ?? document.querySelector('[data-save-state]');
  const [words, said, again] = ['words', 'said', 'again'].map((part) => place?.querySelector(`[data-save-${part}]`));
  let last = -QUIET;
  let timer = 0;
  function aloud() {
    last = performance.now();
    timer = 0;
    said.textContent = words.textContent;
  }
  return {
    place,
    onAgain(act) { again?.addEventListener('click', act); },
    say(sentence, { retry = false, aside = false } = {}) {
      if (!place) return;
      words.textContent = sentence;
      again.hidden = !retry;
      if (!aside && !timer) timer = setTimeout(aloud, Math.max(0, last + QUIET - performance.now()));
    },
  };
}

export function keepWords(form) {
  const version = form.elements.namedItem('version');
  const name = shelf(form.dataset.keep ?? form.dataset.autosave);
  const speak = speaker(form);
  let saved = wordsOf(form);
  let timer = 0;
  let tries = 0;
  let flight = null;      // the save under way
  let disputed = false;   // another window's words wait for a choice
  let going = false;      // the page is on its way out

  const changed = () => !same(saved, wordsOf(form));
  const later = (wait) => { clearTimeout(timer); timer = setTimeout(save, wait); };

  function copy() {
    return device.write(name, { version: version?.value ?? '', words: wordsOf(form) });
  }

  function noticed() {
    if (!changed()) return;
    const kept = copy();
    if (disputed) return;
    if (kept && !navigator.onLine) speak.say('Offline. Saved here');
    else later(PAUSE);
  }

  function away() {
    if (copy() && !navigator.onLine) speak.say('Offline. Saved here');
    else speak.say('Couldn’t save. Your words are still on this page.', { retry: true });
    later(1000 * PATIENCE[Math.min(tries++, PATIENCE.length - 1)]);
  }

  function save() {
    clearTimeout(timer);
    if (disputed || flight || !changed()) return flight;
    speak.say('Saving…', { aside: true });
    flight = send().finally(() => {
      flight = null;
      if (tries === 0 && changed()) later(PAUSE);
    });
    return flight;
  }

  async function send() {
    const words = wordsOf(form);
    let answer;
    try {
      answer = await post();
      if (answer.status === 409) return dispute(await answer.json());
      if (!answer.ok) return away();
      const said = await answer.json();
      const { saved_at: at, version: now } = said;
      tries = 0;
      saved = words;
      if (version) version.value = now;
      // On the way out the copy stays: the next page may have been read before this save arrived.
      if (!going) { if (changed()) copy(); else device.forget(name); }
      speak.say(`Saved at ${at}`);
      form.dispatchEvent(new CustomEvent('saved', { detail: said }));
    } catch {
      away();
    }
  }

  function post() {
    return fetch(form.dataset.autosave, {
      method: 'POST',
      body: new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === 'string')),
      headers: { accept: 'application/json' },
      credentials: 'same-origin',
      redirect: 'manual', // a sign-in page is not an answer to a save
      keepalive: going || document.hidden, // the words may outlive the page
    });
  }

  function dispute({ version: now, theirs }) {
    const words = Object.entries(theirs).flatMap(([key, value]) => [value ?? ''].flat().map((one) => [key, String(one)]));
    differ(words, now, 'there');
  }

  /** Both versions are shown; nothing is saved, and nothing is lost, until one is chosen. */
  function differ(words, now, where) {
    const settle = () => {
      if (version) version.value = now;
      if (where === 'there') saved = words;
      if (changed()) { copy(); save(); } else { device.forget(name); speak.say('Saved'); }
    };
    const fields = differences(form, words);
    if (fields.length === 0) { // our own words, whose receipt never reached us
      saved = wordsOf(form);
      words = saved;
      return settle();
    }
    disputed = true;
    speak.say('This was changed in another window');
    const panel = bothVersions(form, fields, words, where, (choice) => {
      disputed = false;
      panel.remove();
      if (choice === 'other') putWords(form, words);
      settle();
    });
    (speak.place ?? form.firstElementChild).after(panel);
  }

  // What this device kept when the server didn't answer comes back, unless somebody has saved since.
  const kept = device.read(name);
  if (kept && !same(kept.words, saved)) {
    if (!version || kept.version === version.value) {
      putWords(form, kept.words);
      save();
    } else {
      differ(kept.words, version.value, 'here');
    }
  } else if (kept) {
    device.forget(name);
  }

  form.addEventListener('input', noticed);
  form.addEventListener('change', noticed);
  speak.onAgain(save);
  addEventListener('online', () => { tries = 0; save(); });

  addEventListener('beforeunload', () => { going = true; save(); });
  document.addEventListener('visibilitychange', () => { if (document.hidden) save(); });
  addEventListener('pageshow', () => { going = false; });

  form.addEventListener('submit', (event) => {
    clearTimeout(timer);
    if (flight) { // the version it brings belongs in what is sent
      event.preventDefault();
      const button = event.submitter;
      flight.then(() => { if (!disputed) form.requestSubmit(button); });
      return;
    }
    copy();
    saved = wordsOf(form); // on its way: leaving the page needn't save it once more
    try { sessionStorage.setItem(SENT, name); } catch { /* the copy stays until the form is opened again */ }
  });
}

/** The next page a signed-in person sees proves that the server took the words; only then is the copy let go. */
export function forgetSentWords() {
  let name;
  try { name = sessionStorage.getItem(SENT); sessionStorage.removeItem(SENT); } catch { return; }
  if (!name || document.querySelector('[data-words-kept]')) return;
  const here = [...document.querySelectorAll('form[data-autosave]')].map((form) => shelf(form.dataset.keep));
  if (!here.includes(name)) device.forget(name);
}

function element(tag, attributes = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), attributes);
  made.append(...inside);
  return made;
}

/** The name a person knows a field by. */
function nameOf(form, field) {
  const control = form.elements.namedItem(field);
  const one = control instanceof RadioNodeList ? control[0] : control;
  return one?.closest('fieldset')?.querySelector('legend')?.textContent
    ?? one?.labels?.[0]?.textContent.trim() ?? field;
}

/** The words a field holds, as they are read: the label of a chosen card, not its value. */
function reading(form, field, words) {
  return words.filter(([name]) => name === field).map(([, value]) => {
    const control = form.elements.namedItem(field);
    const choices = control instanceof RadioNodeList ? [...control] : [control];
    const chosen = choices.find((one) => ['radio', 'checkbox'].includes(one?.type) && one.value === value);
    return chosen?.labels?.[0]?.querySelector('b')?.textContent ?? value;
  }).join('\n') || '(nothing yet)';
}

function differences(form, words) {
  const mine = wordsOf(form);
  return [...new Set([...mine, ...words].map(([name]) => name))].filter(
    (field) => form.elements.namedItem(field) && reading(form, field, mine) !== reading(form, field, words),
  );
}

function bothVersions(form, fields, words, where, choose) {
  const mine = wordsOf(form);
  const [this_, that] = where === 'there'
    ? ['On this page', 'In the other window'] : ['Saved since', 'Kept on this device'];
  const panel = element('section', { className: 'card alert stack s3' });
  panel.setAttribute('role', 'alert');
  panel.append(element('h2', { textContent: 'This was changed in another window' }),
    element('p', { textContent: 'Both versions are here. Choose one; you can copy from the other first.' }));
  for (const field of fields) {
    panel.append(element('div', { className: 'both' },
      element('h3', { textContent: nameOf(form, field) }),
      element('p', { className: 'hint', textContent: this_ }), element('pre', { textContent: reading(form, field, mine) }),
      element('p', { className: 'hint', textContent: that }), element('pre', { textContent: reading(form, field, words) })));
  }
  const pick = (label, choice) => {
    const button = element('button', { type: 'button', className: 'btn', textContent: label });
    button.addEventListener('click', () => choose(choice));
    return button;
  };
  panel.append(element('p', { className: 'acts' },
    pick(where === 'there' ? 'Keep what’s on this page' : 'Keep what was saved since', 'mine'),
    pick(where === 'there' ? 'Use the other window’s words' : 'Use the words from this device', 'other')));
  return panel;
}
