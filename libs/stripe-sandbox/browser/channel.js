/* global URLSearchParams, location, window */
/**
 * How a frame and the page around it talk. A frame listens to that page alone, by its window and its origin, and speaks to no other. What it
 * says is whether the fields are complete and what is wrong, and never what is in them.
 */
const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost)(:\d+)?$/;
const claimed = new URLSearchParams(location.search).get('origin') ?? '';
/** Wrong where a page lies about itself: then it hears nothing, because a message names whom it is for. */
const parentOrigin = LOOPBACK.test(claimed) ? claimed : location.origin;

/** Says `message` to the page around. */
export const tell = (message) => {
  window.parent.postMessage({ ...message, sandbox: 'stripe' }, parentOrigin);
};

/**
 * Listens to the page around. `configure` is called once, with what the page wants; the functions of `answers` by name, with what the page asks, and
 * their results are sent back.
 */
export const listen = (configure, answers) => {
  let isConfigured = false;
  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || event.origin !== parentOrigin) return;
    const message = event.data;
    if (message?.sandbox !== 'stripe') return;
    if (message.type === 'configure' && !isConfigured) {
      isConfigured = true;
      configure(message.options ?? {});
      tell({ type: 'ready' });
    } else if (message.type === 'ask' && isConfigured && Object.hasOwn(answers, message.name)) {
      Promise.resolve(answers[message.name](message.data ?? {})).then(
        (result) => tell({ type: 'answer', id: message.id, result }),
        () =>
          tell({
            type: 'answer',
            id: message.id,
            result: { error: { type: 'api_error', message: 'The payment form failed.' } },
          }),
      );
    }
  });
  tell({ type: 'hello' });
};
