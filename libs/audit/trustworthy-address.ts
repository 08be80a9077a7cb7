const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether an address is of this machine. */
export const isLoopback = ({ hostname }: URL): boolean => loopback.test(hostname);

/** Whether a log or a witness may be asked at an address: nobody in between can change https, and loopback has nobody in between. */
export const isTrustworthy = (url: URL): boolean =>
  url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
