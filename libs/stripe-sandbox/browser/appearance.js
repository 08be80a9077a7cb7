/* global document */
/** How the frame looks: a theme, or the one that the customer's system prefers, and colours of the merchant's. */
const themes = { stripe: 'light', flat: 'light', night: 'dark' };

const variables = {
  colorPrimary: '--primary',
  colorBackground: '--background',
  colorText: '--text',
  colorTextSecondary: '--secondary',
  colorDanger: '--danger',
  colorBorder: '--border',
  borderRadius: '--radius',
  fontSizeBase: '--font-size',
  fontFamily: '--font',
  spacingUnit: '--space',
};

/** A colour, a length or names of fonts, and nothing that loads anything. */
const PLAIN = /^[#\w\s%.,'"()-]{1,100}$/;

/** The colour scheme of the frame, as CSS names it. It is only see-through where the page around gives it the same. */
export const scheme = () => document.documentElement.dataset.theme ?? 'light dark';

/** Applies Stripe's `appearance` object: `theme` (stripe, flat, night) and `variables`; what is not known is left out. */
export const applyAppearance = ({ theme, variables: wanted = {} } = {}) => {
  const root = document.documentElement;
  if (Object.hasOwn(themes, theme ?? '')) root.dataset.theme = themes[theme];
  else delete root.dataset.theme;
  for (const [name, property] of Object.entries(variables)) {
    const value = wanted[name];
    const isPlain = typeof value === 'string' && PLAIN.test(value) && !/url/i.test(value);
    root.style.setProperty(property, isPlain ? value : '');
  }
};
