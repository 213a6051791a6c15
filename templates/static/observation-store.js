// A device's own copy of the notes on a round, kept until the server has them, and the way they get there.
//
// Two shelves: `note` {id, key, seconds, code, effect, words, quoted, edition, noted, removed, sent, refused} and
// `round` {key, who, member, path, title, offset, pressed, heard, typed}. A key is "membership path", so that nobody else who
// signs in on this device sees, or sends, what is not theirs. A note is sent once `sent` has caught up with `edition`.

const NAME = 'threefold-observation'; // of the database, and of the cache that its worker fills
const FLAG = 'threefold.notes';       // says that there is something here at all; holds nothing else
const DAY = 24 * 60 * 60 * 1000;
const LONG_WAY = 5000;

const asked = (request) => new Promise((done, not) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => not(request.error);
});

let opening;
function shelves() {
  opening ??= new Promise((done, not) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('note', { keyPath: 'id' }).createIndex('key', 'key');
      request.result.createObjectStore('round', { keyPath: 'key' });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => not(request.error);
    request.onblocked = () => not(new Error('blocked'));
  });
  return opening;
}

/** One transaction that is on disk, not merely on its way there, when this resolves. */
async function within(names, mode, work) {
  const transaction = (await shelves()).transaction(names, mode, { durability: 'strict' });
  const over = new Promise((done, not) => {
    transaction.oncomplete = done;
    transaction.onabort = () => not(transaction.error);
  });
  over.catch(() => {}); // told by whatever was asked of it
  const result = await work(...[names].flat().map((name) => transaction.objectStore(name)));
  await over;
  return result;
}

const flag = (up) => {
  try { if (up) localStorage.setItem(FLAG, 'yes'); else localStorage.removeItem(FLAG); } catch { /* then tidying waits for a live page */ }
};
export const keyOf = ({ member, path }) => `${member} ${path}`;
export const unsent = (note) => note.edition > (note.sent ?? 0) && note.refused !== note.edition;

export const roundOf = (key) => within('round', 'readonly', (rounds) => asked(rounds.get(key)));
export const notesOf = (key) => within('note', 'readonly', (notes) => asked(notes.index('key').getAll(key)));

export function keepRound(round) {
  flag(true);
  return within('round', 'readwrite', (rounds) => asked(rounds.put(round)));
}

/** Keep a change. Another tab may have changed the same note meanwhile: ours is then the next edition. */
export function keepNote(note) {
  return within('note', 'readwrite', async (notes) => {
    const there = await asked(notes.get(note.id));
    if (there && there.edition >= note.edition && !same(there, note)) note.edition = there.edition + 1;
    await asked(notes.put(note));
    return note;
  });
}

const PARTS = ['seconds', 'code', 'effect', 'words', 'quoted', 'removed'];
const same = (one, other) => PARTS.every((part) => (one[part] ?? null) === (other[part] ?? null));

/** What the server said it holds now: its edition where it is as new as ours, and that ours has arrived. */
export function adopt(key, answer, posted) {
  return within(['note', 'round'], 'readwrite', async (notes, rounds) => {
    const mine = new Map((await asked(notes.index('key').getAll(key))).map((note) => [note.id, note]));
    for (const theirs of answer.notes) {
      const ours = mine.get(theirs.id);
      if (!ours || theirs.edition >= ours.edition) {
        await asked(notes.put({ ...theirs, key, sent: theirs.edition }));
      } else if ((ours.sent ?? 0) < theirs.edition) {
        await asked(notes.put({ ...ours, sent: theirs.edition }));
      }
    }
    for (const sent of posted) {
      const sentence = answer.refused[sent.id];
      const ours = mine.get(sent.id);
      if (sentence && ours?.edition === sent.edition) {
        await asked(notes.put({ ...ours, refused: sent.edition, sentence }));
      }
    }
    const round = await asked(rounds.get(key));
    if (round) {
      const started = Math.max(answer.started ?? 0, round.started ?? 0, round.pressed ?? 0) || null;
      const pressed = round.pressed > (answer.started ?? 0) ? round.pressed : undefined; // a page kept here may be older
      await asked(rounds.put({ ...round, started, pressed, heard: Date.now() }));
    }
  });
}

/** Take a round off this device, page and all. */
export async function forget({ key, path }) {
  await within(['note', 'round'], 'readwrite', async (notes, rounds) => {
    for (const id of await asked(notes.index('key').getAllKeys(key))) await asked(notes.delete(id));
    await asked(rounds.delete(key));
    if (await asked(rounds.count()) === 0) flag(false);
  });
  await (await caches.open(NAME)).delete(path);
}

export async function forgetEverything() {
  flag(false);
  await within(['note', 'round'], 'readwrite', async (notes, rounds) => {
    await asked(notes.clear());
    await asked(rounds.clear());
  });
  await caches.delete(NAME);
}

const allRounds = () => within('round', 'readonly', (rounds) => asked(rounds.getAll()));
const left = async (round) => (await notesOf(round.key)).filter(unsent);

/** How many of this person's notes are on this device alone, one that was begun and not added among them. */
export async function waiting(who) {
  const theirs = (await allRounds()).filter((one) => one.who === who);
  const counts = await Promise.all(theirs.map(left));
  return counts.flat().length + theirs.filter((one) => one.typed).length;
}

/** A day after everything has arrived the copy goes; at once go the pages of somebody who is not the one signed in. */
export async function tidy(who) {
  for (const round of await allRounds()) {
    const some = (await left(round)).length > 0 || round.pressed;
    if (!some && Date.now() - round.heard > DAY) await forget(round);
    else if (round.who !== who) await (await caches.open(NAME)).delete(round.path);
  }
}

export class Turned extends Error { // the server answered, and did not take them
  constructor(status, said = {}) { super(String(status)); this.status = status; this.said = said; }
}

async function ask(path, options = {}) {
  const answer = await fetch(`${path}/notes`, {
    headers: { accept: 'application/json' }, credentials: 'same-origin', redirect: 'manual', ...options,
  });
  if (answer.type === 'opaqueredirect') throw new Turned(401);
  const said = await answer.json().catch(() => ({}));
  if (answer.status !== 200) throw new Turned(answer.status, said);
  return said;
}

/** Send what has not arrived, and hear what other devices sent. Throws Turned, or whatever a missing network throws.
 *  `loose`: the notes of a page whose device has no room for them; then nothing is kept here either. */
export async function exchange(round, token, loose) {
  const heard = async (posted, answer, went) => {
    if (answer.member !== round.member) throw new Turned(409);
    const took = Date.now() - went;
    if (!loose) await adopt(round.key, { refused: {}, ...answer }, posted);
    // Where the device slept meanwhile, or its clock was set, half of the way says nothing of the time.
    return took >= 0 && took < LONG_WAY ? { ...answer, offset: answer.now - went - took / 2 } : answer;
  };
  const notes = (loose ?? await left(round)).slice(0, 200);
  const went = Date.now();
  if (notes.length === 0 && !round.pressed) return heard([], await ask(round.path), went);
  const bare = notes.map(({ id, seconds, edition, noted, code, effect, words, quoted, removed }) => (
    { id, seconds, edition, noted, code, effect, words: removed ? '' : words.toWellFormed?.() ?? words, quoted, removed }));
  const body = new URLSearchParams({ _token: token, member: round.member, notes: JSON.stringify(bare) });
  if (round.pressed) body.set('pressed', round.pressed);
  try {
    return await heard(bare, await ask(round.path, { method: 'POST', body }), went);
  } catch (turned) {
    if (turned.status !== 403) throw turned;
    // They have signed in again since this page was opened: its token is an old one.
    const { member, token: fresh } = await ask(round.path);
    if (member !== round.member) throw new Turned(409);
    body.set('_token', fresh);
    const answer = await ask(round.path, { method: 'POST', body });
    return await heard(bare, { ...answer, token: fresh }, Date.now());
  }
}

/** On every other page: send what waits, keep the device tidy, and don't let signing out lose what never arrived. */
export async function lookAfter(who, token) {
  await tidy(who);
  for (const round of await allRounds()) {
    if (round.who === who && ((await left(round)).length > 0 || round.pressed)) await exchange(round, token).catch(() => {});
  }
  for (const form of document.querySelectorAll('form[action="/sign-out"], form[action="/me/browsers/sign-out"]')) {
    guard(form, who);
  }
}

export function guard(form, who) {
  let ready = false;
  let told = false;
  form.addEventListener('submit', (event) => {
    if (ready) return;
    event.preventDefault();
    waiting(who).catch(() => 0).then(async (count) => {
      if (count > 0 && !told) {
        told = true;
        const words = Object.assign(document.createElement('p'), { className: 'err' });
        words.setAttribute('role', 'alert');
        words.textContent = `${count === 1 ? 'One note hasn’t' : `${count} notes haven’t`} been sent yet. `
          + 'Signing out takes them off this device. Press again to sign out all the same.';
        form.append(words);
        return;
      }
      await forgetEverything().catch(() => {});
      ready = true;
      form.requestSubmit();
    });
  });
}
