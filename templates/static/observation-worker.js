// Keeps the live pages for when there is no signal. Pages come from the network while there is one; the styles and
// scripts they use never change under their addresses, so a kept one is as good.

const NAME = 'threefold-observation';
const PATIENCE = 4000; // ms before a kept page is shown instead of a slow one

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (pathname.startsWith('/static/')) event.respondWith(part(request));
  else if (request.mode === 'navigate') event.respondWith(page(event, pathname));
});

async function part(request) {
  return await caches.match(request, { ignoreVary: true }) ?? fetch(request);
}

async function page(event, path) {
  const shelf = await caches.open(NAME);
  const kept = await shelf.match(path, { ignoreVary: true });
  try {
    const answer = await fetch(event.request, kept ? { signal: AbortSignal.timeout(PATIENCE) } : {});
    if (answer.ok && kept) event.waitUntil(shelf.put(path, answer.clone()));
    else if (answer.status === 404) event.waitUntil(shelf.delete(path)); // not theirs, or not any more
    return answer.status >= 500 && kept ? kept : answer;
  } catch (trouble) {
    if (kept) return kept;
    throw trouble;
  }
}
