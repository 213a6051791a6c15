// The projector's screen stays on while the clock runs, and only then.

let lock = null;

export async function stayAwake(runs) {
  const wanted = runs && document.visibilityState === 'visible';
  if (!wanted && lock) { (await lock)?.release(); lock = null; }
  if (!wanted || lock) return;
  lock = navigator.wakeLock?.request('screen').then((held) => {
    held.addEventListener('release', () => { lock = null; });
    return held;
  }, () => null) ?? null; // a low battery may say no
}
