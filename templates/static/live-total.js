// The length of a practice session, in the words the server uses, while the numbers are typed.

const number = (form, name) => Number(form.querySelector(`[data-${name}]`)?.value) || 0;

function length(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (!hours) return `${rest} min`;
  return rest ? `${hours} h ${String(rest).padStart(2, '0')}` : `${hours} h`;
}

function sentence(form) {
  const [rounds, practice, feedback, opening, closing] =
    ['rounds', 'practice', 'feedback', 'opening', 'closing'].map((name) => number(form, name));
  const each = feedback ? `${practice} + ${feedback} min feedback` : `${practice} min`;
  const ends = [opening && 'welcome', closing && 'close'].filter(Boolean).join(' and ');
  const total = rounds * (practice + feedback) + opening + closing;
  return `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${each}${ends && `, with ${ends}`}: ${length(total)}`;
}

export function showTotal() {
  for (const output of document.querySelectorAll('[data-total]')) {
    const form = output.closest('form');
    const say = () => {
      const now = sentence(form);
      if (output.textContent !== now) output.textContent = now;
    };
    form.addEventListener('input', say);
    say(); // for whoever typed before this was here
  }
}
