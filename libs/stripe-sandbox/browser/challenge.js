/* global AbortSignal, ResizeObserver, document, fetch, window */
/** 3D Secure in the place of a bank: the customer passes, fails, or goes away. */
import { applyAppearance } from './appearance.js';
import { listen, tell } from './channel.js';

const ANSWER_TIMEOUT_MS = 20_000;
const buttons = [...document.querySelectorAll('button')];
const trouble = document.querySelector('#trouble');
let path = '';

const close = () => tell({ type: 'closed' });

const answer = async (outcome) => {
  for (const button of buttons) button.disabled = true;
  trouble.textContent = '';
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ outcome }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.status < 500) {
      tell({ type: 'answered' });
      return;
    }
    trouble.textContent = 'Your bank could not be reached. Please try again.';
  } catch {
    trouble.textContent = 'Your bank could not be reached. Please check your internet connection and try again.';
  }
  for (const button of buttons) button.disabled = false;
};

document.querySelector('#complete').addEventListener('click', () => answer('succeed'));
document.querySelector('#fail').addEventListener('click', () => answer('fail'));
document.querySelector('#close').addEventListener('click', close);
window.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') close();
});

const main = document.querySelector('main');
new ResizeObserver(() => tell({ type: 'resize', height: Math.ceil(main.getBoundingClientRect().height) })).observe(
  main,
);

listen(({ intent, appearance }) => {
  const resource = /^(pi|seti)_\w+$/.exec(intent)?.[1] === 'seti' ? 'setup_intents' : 'payment_intents';
  path = `/sandbox/${resource}/${encodeURIComponent(intent)}/authenticate`;
  applyAppearance(appearance);
  for (const button of buttons) button.disabled = false;
  document.querySelector('#complete').focus();
}, {});
