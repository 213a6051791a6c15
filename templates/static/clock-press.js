// Sends a press. While it is on its way it keeps its id, so that trying again is no second press.

const pressing = new Map();
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** Answers { state } or { sentence }; throws while there is no connection. */
export async function send(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.set(button.name, button.value);
  const which = `${form.action} ${body.get('group') ?? ''} ${body.get('what') ?? ''}`;
  const press = pressing.get(which) ?? { id: newId() };
  if (press.busy) return {};
  press.busy = true;
  pressing.set(which, press);
  body.set('id', press.id);
  try {
    const answer = await fetch(form.action, {
      method: 'POST', body, headers: { accept: 'application/json' }, credentials: 'same-origin', redirect: 'manual',
    });
    if (answer.status >= 500) throw new Error('busy');
    pressing.delete(which);
    if (answer.ok || answer.status === 422) return await answer.json();
    location.reload(); // signed out, or open since before the last sign-in: the page says so, or is fresh again
    return {};
  } finally {
    press.busy = false;
  }
}
