// Small courtesies on every page. Nothing here is needed for a page to work.

document.querySelector('[data-focus]')?.focus();

// One press, one record: a form that has been sent stays quiet until the page is shown again.
const sent = new WeakSet();

document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post' || 'again' in form.dataset) return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  // After the browser has read the form, so that the pressed button's own value is sent too.
  setTimeout(() => buttonsOf(form).forEach((button) => { button.disabled = true; }));
});

addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) {
    if (sent.delete(form)) buttonsOf(form).forEach((button) => { button.disabled = false; });
  }
});

const buttonsOf = (form) => [...form.elements].filter((element) => element.type === 'submit');

// A number that takes longer to find than the page may: the link beside it leads there in any case.
for (const place of document.querySelectorAll('[data-number]')) {
  fetch(place.dataset.number)
    .then((answer) => (answer.ok ? answer.text() : ''))
    .then((words) => { place.textContent = words; }, () => {});
}

// The rest is fetched only by pages that have a use for it.
const has = (selector) => document.querySelector(selector) !== null;

if (has('form[data-autosave]') || has('.me')) {
  import('./autosave.js').then(({ keepWords, forgetSentWords }) => {
    document.querySelectorAll('form[data-autosave]').forEach(keepWords);
    if (has('.me')) forgetSentWords();
  });
}
if (has('[data-total]')) import('./live-total.js').then(({ showTotal }) => showTotal());
if (has('[data-copy]')) {
  import('./copy.js').then(({ offerToCopy }) => document.querySelectorAll('[data-copy]').forEach(offerToCopy));
}
if (has('select[data-matrix]')) {
  import('./matrix.js').then(({ outlineOnePerson }) => {
    document.querySelectorAll('select[data-matrix]').forEach(outlineOnePerson);
  });
}

// Notes made live, in a room without a signal, are sent from whatever page is opened next.
const me = document.querySelector('.me');
let notes = null;
try { notes = localStorage.getItem('threefold.notes'); } catch { /* nothing is kept here, then */ }
if (notes && me && !has('[data-live]')) {
  import('./observation-store.js')
    .then(({ lookAfter }) => lookAfter(me.dataset.who, document.querySelector('[name=_token]')?.value))
    .catch(() => { /* they stay where they are until the next page */ });
}
