// The usual week as a grid to paint on. It is built from the plain list of the same page and ticks that list's boxes,
// so both send the same; autosave.js keeps every stroke and says so.

const HOLD = 280;       // ms a finger rests before it paints
const SLIP = 8;         // px after which a finger is scrolling
const QUIET = 10_000;   // ms between two readings aloud
const WORDS = { free: 'free', if_needed: 'if needed', not_free: 'not free' };

const form = document.querySelector('form[data-week]');
const card = document.querySelector('[data-paint]');

function element(tag, attributes, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

/** What of the list belongs to one hour of one day: its two boxes, and the cell that shows them. */
function build() {
  const days = [...form.querySelectorAll('[data-day]')].map((heading, number) => {
    const named = (how) => [...form.querySelectorAll(`[name=${how}_${number}]`)];
    return { name: heading.textContent, short: heading.textContent.slice(0, 3), free: named('free'), maybe: named('if_needed') };
  });
  const hours = days[0].free.map((box) => box.value);
  const until = (row) => hours[row + 1] ?? (hours[row] === '23:00' ? 'midnight' : `${+hours[row].slice(0, 2) + 1}:00`);
  const rows = hours.map((hour, row) => days.map((day, column) => ({
    row, column, free: day.free[row], maybe: day.maybe[row],
    name: `${day.short} ${hour} to ${until(row)}`,
    td: element('td', { role: 'gridcell', tabindex: -1 }),
  })));
  const heads = days.map((day) => element('th', { scope: 'col', tabindex: -1, 'aria-label': `${day.name}, mark all` }, day.short));
  const sides = hours.map((hour) => element('th', { scope: 'row', tabindex: -1, 'aria-label': `${hour} every day, mark all` }, hour.slice(0, 2)));
  const table = element('table', { class: 'pnt', role: 'grid', 'aria-label': 'Your usual week', 'aria-describedby': 'paint-help' },
    element('thead', {}, element('tr', {}, element('td', {}), ...heads)),
    element('tbody', {}, ...rows.map((cells, row) => element('tr', {}, sides[row], ...cells.map((cell) => cell.td)))));
  return { table, rows, heads, sides };
}

function paint() {
  const { table, rows, heads, sides } = build();
  const cells = rows.flat();
  const cellOf = new Map(cells.map((cell) => [cell.td, cell]));
  const undo = card.querySelector('[data-undo]');
  const strokes = [];     // what each stroke changed: Map of cell to how it was
  let stroke = null;      // { from, how, was } while one is being painted
  let finger = null;      // a finger that may tap, hold or scroll: { cell, x, y, timer }
  let handled = false;    // the click that follows was painted already
  let here = cells.find((cell) => state(cell) !== 'not_free')?.td ?? rows[0][0].td;

  function state(cell) {
    return cell.maybe.checked ? 'if_needed' : cell.free.checked ? 'free' : 'not_free';
  }

  function draw(cell) {
    const how = state(cell);
    cell.td.dataset.how = how;
    cell.td.setAttribute('aria-label', `${cell.name}, ${WORDS[how]}`);
  }

  function set(cell, how) {
    cell.free.checked = how === 'free';
    cell.maybe.checked = how === 'if_needed';
    draw(cell);
  }

  const brush = () => card.querySelector('[name=brush]:checked').value;

  // --- strokes ---

  function begin(from, how) {
    stroke = { from, how, was: new Map() };
    reach(from);
  }

  /** The stroke covers all from where it began to here, and nothing it covered on the way. */
  function reach(to) {
    for (const [cell, how] of stroke.was) set(cell, how);
    const [top, bottom] = [stroke.from.row, to.row].sort((a, b) => a - b);
    const [left, right] = [stroke.from.column, to.column].sort((a, b) => a - b);
    cover(rows.slice(top, bottom + 1).flatMap((row) => row.slice(left, right + 1)));
  }

  function cover(these) {
    for (const cell of these) {
      if (!stroke.was.has(cell)) stroke.was.set(cell, state(cell));
      set(cell, stroke.how);
    }
  }

  function end() {
    if (!stroke) return;
    const changed = new Map([...stroke.was].filter(([cell, how]) => state(cell) !== how));
    stroke = null;
    if (changed.size) {
      strokes.push(changed);
      tell();
    }
  }

  function tell() {
    undo.disabled = strokes.length === 0;
    form.dispatchEvent(new Event('change'));
  }

  function tap(cell) {
    begin(cell, state(cell) === brush() ? 'not_free' : brush());
    end();
  }

  function fill(these) {
    stroke = { how: these.every((cell) => state(cell) === brush()) ? 'not_free' : brush(), was: new Map() };
    cover(these);
    end();
  }

  function press(target) {
    if (cellOf.has(target)) tap(cellOf.get(target));
    else if (heads.includes(target)) fill(rows.map((row) => row[heads.indexOf(target)]));
    else if (sides.includes(target)) fill(rows[sides.indexOf(target)]);
  }

  function back() {
    const last = strokes.pop();
    if (!last) return;
    for (const [cell, how] of last) set(cell, how);
    if (strokes.length === 0 && document.activeElement === undo) here.focus();
    tell();
  }

  // --- mouse and finger ---

  const under = (event) => cellOf.get(document.elementFromPoint(event.clientX, event.clientY)?.closest('td'));

  function lift() {
    clearTimeout(finger?.timer);
    finger = null;
  }

  table.addEventListener('pointerdown', (event) => {
    handled = false;
    lift();
    const cell = cellOf.get(event.target.closest('td'));
    if (!cell || !event.isPrimary || event.button !== 0) return;
    const start = () => begin(cell, state(cell) === brush() ? 'not_free' : brush());
    if (event.pointerType !== 'touch') start();
    else finger = { x: event.clientX, y: event.clientY, timer: setTimeout(() => { finger = null; start(); }, HOLD) };
  });
  addEventListener('pointermove', (event) => {
    if (!event.isPrimary) return;
    if (stroke) {
      const cell = under(event);
      if (cell) reach(cell);
    } else if (finger && Math.hypot(event.clientX - finger.x, event.clientY - finger.y) > SLIP) lift();
  });
  addEventListener('pointerup', () => {
    handled = stroke !== null;
    lift();
    end();
  });
  addEventListener('pointercancel', () => { lift(); end(); });
  // While a stroke is painted the page stands still; a finger that only passes scrolls it.
  table.addEventListener('touchmove', (event) => { if (stroke) event.preventDefault(); }, { passive: false });
  table.addEventListener('contextmenu', (event) => { if (stroke || finger) event.preventDefault(); });
  table.addEventListener('click', (event) => {
    if (!handled) press(event.target.closest('td, th'));
    handled = false;
  });

  // --- keys ---

  const at = (row, column) => (row < 0 ? heads[column] : column < 0 ? sides[row] : rows[row]?.[column]?.td);
  const place = (target) => (heads.includes(target) ? [-1, heads.indexOf(target)]
    : sides.includes(target) ? [sides.indexOf(target), -1] : [cellOf.get(target).row, cellOf.get(target).column]);
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

  table.addEventListener('keydown', (event) => {
    const { key, target } = event;
    const step = STEPS[key];
    if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 'z') back();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key === ' ' || key === 'Enter') press(target);
    else if (step || key === 'Home' || key === 'End') {
      const [row, column] = place(target);
      const next = step ? at(row + step[0], column + step[1]) : at(row, key === 'Home' ? 0 : 6);
      next?.focus();
      const [one, other] = [cellOf.get(target), cellOf.get(next)];
      if (event.shiftKey && step && one && other) {
        begin(one, brush());
        reach(other);
        end();
      }
    } else return;
    event.preventDefault();
  });
  table.addEventListener('focusin', ({ target }) => {
    here.tabIndex = -1;
    here = target;
    here.tabIndex = 0;
  });

  // --- the list beneath ---

  form.addEventListener('input', ({ target }) => {
    const cell = cells.find((each) => each.free === target || each.maybe === target);
    if (!cell) return;
    if (target.checked) (cell.free === target ? cell.maybe : cell.free).checked = false;
    draw(cell);
  });
  form.addEventListener('put', () => { // words of another window, or of this device, came in
    cells.forEach(draw);
    strokes.length = 0;
    undo.disabled = true;
  });
  undo.addEventListener('click', back);

  cells.forEach(draw);
  here.tabIndex = 0;
  card.querySelector('[data-grid]').replaceChildren(table);
  card.classList.add('on');
}

/** The week in words, as the server says it after each save: at once to the eye, now and then to the ear. */
function sayInWords() {
  const words = document.querySelector('[data-words]');
  const aloud = document.querySelector('[data-words-aloud]');
  let last = performance.now() - QUIET;
  let timer = 0;
  form.addEventListener('saved', ({ detail }) => {
    if (!detail.words || detail.words === words.textContent) return;
    words.textContent = detail.words;
    timer ||= setTimeout(() => {
      last = performance.now();
      timer = 0;
      aloud.textContent = words.textContent;
    }, Math.max(0, last + QUIET - performance.now()));
  });
}

if (form && card) {
  paint();
  sayInWords();
  form.hidden = !document.querySelector('.alert a[href="#week"]') && location.hash !== '#list';
  document.querySelector('[data-list]').addEventListener('click', () => { form.hidden = false; });
}
