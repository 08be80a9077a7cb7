import type { CheckoutSettings } from '#platform/configuration';

/** Where browsers report what the page's policy has refused. */
export const reportsPath = '/checkout/csp-reports';

/**
 * The headers of a checkout page, in place of those of every other answer. Scripts and styles are the page's own, by the nonce of this one
 * answer, and the processor's; frames are the processor's alone, and nobody may frame the page. PCI DSS 4.0.1, 6.4.3 and 11.6.1.
 * Browsers report to `report-to` over TLS alone, and where it stands they leave `report-uri` out: so it is not there for a page over plain HTTP.
 */
export const pageHeaders = (
  { origins: { scripts, frames, calls } }: Pick<CheckoutSettings, 'origins'>,
  nonce: string,
  isOverTls: boolean,
): Record<string, string> => ({
  'content-security-policy': [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' ${scripts.join(' ')}`,
    `style-src 'nonce-${nonce}'`,
    `frame-src ${frames.join(' ')}`,
    `connect-src 'self' ${calls.join(' ')}`,
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    `report-uri ${reportsPath}`,
    ...(isOverTls ? ['report-to csp'] : []),
  ].join('; '),
  'reporting-endpoints': `csp="${reportsPath}"`,
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // The path opens the page: nobody else is to learn it. The processor's script is told the origin, which it asks for.
  'referrer-policy': 'strict-origin',
  // A wallet in the processor's frame asks the browser to pay.
  'permissions-policy': `camera=(), geolocation=(), microphone=(), usb=(), payment=(self ${frames
    .filter((origin) => !origin.includes('*'))
    .map((origin) => `"${origin}"`)
    .join(' ')})`,
  // A bank's own window must find its way back.
  'cross-origin-opener-policy': 'same-origin-allow-popups',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex, nofollow',
});
