// What only the tutors' page has: who asked for them, and whether it would end later than people were told.

const at = (name, within = document) => within.querySelector(`[data-${name}]`);

function ago(since, now) {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${seconds - seconds % 10} seconds ago`;
  const whole = Math.floor(seconds / 60);
  return `${whole} minute${whole === 1 ? '' : 's'} ago`;
}

/** `asks`: by group, since when it waits; `called`: what each group is called. */
export function showAsks(asks = {}, called = {}, now = 0) {
  const list = at('asks');
  if (!list) return;
  for (const one of [...list.querySelectorAll('[data-asks-of]')]) if (!asks[one.dataset.asksOf]) one.remove();
  for (const [group, ask] of Object.entries(asks)) {
    let one = list.querySelector(`[data-asks-of="${group}"]`);
    if (!one) {
      const name = called[group] ?? 'A group';
      one = at('asks-one').content.firstElementChild.cloneNode(true);
      one.dataset.asksOf = group;
      for (const place of one.querySelectorAll('[data-called]')) place.textContent = name;
      one.querySelector('form').action = `/triads/${group}/please-come/coming`;
      list.append(one);
      at('asks-aloud').textContent = `${name} asked for you.`;
    }
    at('ago', one).textContent = ago(ask.at, now);
  }
}

export function isLate(over, standing, until, say) {
  const words = at('late');
  words.hidden = !['running', 'paused'].includes(standing) || Math.round((over - until) / 60_000) < 1;
  say(words.querySelector('time'), over);
}
