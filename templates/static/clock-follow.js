// Follows a session's clock. The server's is the only one: this device's own only counts milliseconds. A stream tells
// of each press; while it is down, asking every few seconds does. All lengths are in ms.

const ASK = 4000;
const SET = 60_000;
const PATIENCE = 5000;
const SILENT = 40_000; // the server says something every 15 s
const JUMPED = 400; // a device's two clocks part when it has slept, or been set

/** Where a clock stands at a moment, from where it stood when the server last said so. */
export function stand(state, phases, now) {
  let { standing, place, left, whole } = state;
  const entered = { ...state.entered };
  if (standing === 'running' || standing === 'planned') {
    let gone = Math.max(0, now - state.at);
    while (place < phases.length && gone >= left) {
      gone -= left;
      place += 1;
      left = whole = phases[place]?.length ?? 0;
      entered[place] = now - gone;
    }
    if (place >= phases.length && standing === 'running') standing = 'over';
    left = Math.max(0, left - gone);
  }
  return { standing, place, left, whole, entered };
}

/** `tell(state)` with each change, `lost(yes)` when the connection goes or comes. */
export function follow(path, { wall = false, tell, lost = () => {} }) {
  const query = wall ? '?wall' : '';
  let offset = 0;
  let nearest = Infinity; // the shortest way there and back guesses the server's time best
  let apart = Date.now() - performance.now();
  let edition = -1;
  let stream = null;
  let heard = 0;
  let asked = -Infinity;
  let set = -Infinity;
  let asking = null;

  const now = () => performance.now() + offset;

  function take(state) {
    if (state.edition < edition) return;
    edition = state.edition;
    tell(state);
  }

  async function question() {
    asked = performance.now();
    try {
      const answer = await fetch(`${path}.json${query}`, {
        headers: { accept: 'application/json' }, credentials: 'same-origin', redirect: 'manual', cache: 'no-store',
        signal: AbortSignal.timeout?.(PATIENCE),
      });
      const took = performance.now() - asked;
      if (!answer.ok) throw new Error(String(answer.status));
      if (took > PATIENCE) return; // the device slept meanwhile: half of a way like that says nothing of the time
      const said = await answer.json();
      if (took <= nearest) {
        nearest = took;
        offset = said.now - (asked + took / 2);
      }
      set = performance.now();
      lost(false);
      take(said.state);
    } catch {
      lost(true);
    }
  }

  const ask = () => { asking ??= question().finally(() => { asking = null; }); return asking; };

  async function settle() {
    nearest = Infinity;
    for (let turn = 0; turn < 4; turn += 1) await ask();
  }

  function listen() {
    stream?.close();
    heard = performance.now();
    stream = new EventSource(`${path}/stream${query}`);
    stream.onopen = stream.onmessage = (event) => {
      heard = performance.now();
      lost(false);
      if (event.data) take(JSON.parse(event.data));
    };
    stream.addEventListener('here', () => { heard = performance.now(); });
  }

  function again() {
    settle();
    listen();
  }

  setInterval(() => {
    const here = performance.now();
    const between = Date.now() - here;
    if (Math.abs(between - apart) > JUMPED) {
      apart = between;
      again();
      return;
    }
    if (stream?.readyState === EventSource.CLOSED || here - heard > SILENT) {
      if (here - asked > ASK) again();
    } else if ((stream?.readyState !== EventSource.OPEN && here - asked > ASK) || here - set > SET) {
      if (here - set > SET) nearest *= 1.5; // quartz drifts
      ask();
    }
  }, 1000);
  addEventListener('online', again);
  addEventListener('offline', () => { stream?.close(); lost(true); });
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'visible') again(); });
  addEventListener('pageshow', (event) => { if (event.persisted) again(); });
  addEventListener('pagehide', () => stream?.close());
  again();
  return { now, take };
}
