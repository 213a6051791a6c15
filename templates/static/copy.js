// A field to copy from gets a button that does it. Without scripts it can be selected and copied by hand.

const MOMENT = 4000; // ms that "Copied" stays

export function offerToCopy(place) {
  const field = place.querySelector('input');
  const button = place.querySelector('button');
  const said = place.querySelector('[role=status]');
  let timer = 0;

  function say(words) {
    clearTimeout(timer);
    said.textContent = '';
    requestAnimationFrame(() => { said.textContent = words; }); // the same words are read out again
    timer = setTimeout(() => { said.textContent = ''; }, MOMENT);
  }

  async function copy() {
    try {
      await navigator.clipboard.writeText(field.value);
      return true;
    } catch { // not allowed, or a page without TLS
      field.select();
      return document.execCommand('copy');
    }
  }

  field.addEventListener('focus', () => field.select());
  button.addEventListener('click', async () => {
    const done = await copy();
    say(done ? 'Copied' : 'It’s selected: copy it with your keyboard.');
  });
  button.hidden = false;
}
