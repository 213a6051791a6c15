// One person's row and column in the triangle, outlined and said in words.

export function outlineOnePerson(select) {
  const chart = document.getElementById(select.dataset.matrix);
  const sentences = document.querySelectorAll('[data-says]');
  const show = () => {
    const who = select.value;
    for (const cell of chart.querySelectorAll('[data-a]')) {
      cell.classList.toggle('hl', who !== '' && (cell.dataset.a === who || cell.dataset.b === who));
    }
    for (const name of chart.querySelectorAll('[data-person]')) {
      name.classList.toggle('hi', name.dataset.person === who);
    }
    for (const one of sentences) one.hidden = one.dataset.says !== who;
  };
  select.addEventListener('change', show);
  show();
  select.closest('.pick')?.classList.add('ready');
}
