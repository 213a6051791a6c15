// A soft sound at each change of the clock: off until somebody asks for it, and then remembered on this device.

const REMEMBERED = 'threefold.sound';
let audio = null;

/** Two soft notes, made here. */
function chime() {
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

/** Bring the button to life; answers what is to be called at each change. */
export function offer(button) {
  const isOn = () => button.getAttribute('aria-pressed') === 'true';
  try { button.setAttribute('aria-pressed', localStorage.getItem(REMEMBERED) === 'yes'); } catch { /* off, then */ }
  button.addEventListener('click', () => {
    button.setAttribute('aria-pressed', !isOn());
    try { localStorage.setItem(REMEMBERED, isOn() ? 'yes' : 'no'); } catch { /* until the page is left, then */ }
    if (isOn()) chime();
  });
  return () => { if (isOn()) chime(); };
}
