/** The checkout page: what a payer sees. The routes around it serve it, and set the headers that it obeys. */
export { assetUrl, assets } from './assets.js';
export type { Asset } from './assets.js';
export { renderPage } from './render.js';
export type { PageView } from './view.js';
