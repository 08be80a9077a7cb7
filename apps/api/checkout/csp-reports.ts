import type { Logger } from '#platform/logging';
import { holdsCardNumber } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { Counter } from '#platform/metrics';
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { reportsPath } from './page-headers.js';

/** Of a browser's report: what was refused, and whose it was. */
export interface CspReport {
  directive: string;
  /** An origin, or a word such as `inline`; never a path. */
  blocked: string;
}

export const reportTypes = ['application/csp-report', 'application/reports+json'] as const;
export const maxReportBytes = 16 * 1_024;
const maxReports = 20;
/** One line in this time; those in between are counted on the next. */
const quietMs = 10_000;

const directives = new Set([
  ...['script-src', 'script-src-elem', 'script-src-attr', 'style-src', 'style-src-elem', 'style-src-attr'],
  ...['frame-src', 'connect-src', 'img-src', 'font-src', 'base-uri', 'form-action', 'frame-ancestors', 'default-src'],
]);

/** Anybody may send a report: only words that we know, and of addresses the origin, are taken from it. */
const reportFrom = (body: Record<string, unknown>): CspReport => {
  const text = (...names: string[]): string => {
    const found = names.map((name) => body[name]).find((value) => typeof value === 'string');
    return typeof found === 'string' ? found : '';
  };
  const directive = text('effectiveDirective', 'effective-directive', 'violated-directive').split(' ', 1)[0] ?? '';
  return {
    directive: directives.has(directive) ? directive : 'other',
    blocked: originOf(text('blockedURL', 'blocked-uri')),
  };
};

const originOf = (blocked: string): string => {
  if (/^[a-z-]{1,20}$/.test(blocked)) return blocked;
  const { origin = 'null', protocol = '' } = URL.canParse(blocked) ? new URL(blocked) : {};
  return (origin === 'null' ? protocol : origin).slice(0, 100) || 'unknown';
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The reports in a body of either form (CSP level 2 and the Reporting API), twenty at most; none of what is no report. */
export const reportsOf = (text: string): CspReport[] => {
  if (holdsCardNumber(text)) return [];
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return [];
  }
  const all = Array.isArray(body) ? (body as unknown[]) : [body];
  return all.slice(0, maxReports).flatMap((each) => {
    if (!isObject(each)) return [];
    const report = each['csp-report'] ?? (each.type === 'csp-violation' ? each.body : undefined);
    return isObject(report) ? [reportFrom(report)] : [];
  });
};

/** Counts what browsers report, and writes a line now and then. */
export class CspReports {
  readonly #reported: Counter<'directive'>;
  readonly #logger: Logger;
  #told = -quietMs;
  #since = 0;

  constructor(
    logger: Logger,
    metrics: Registry,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#logger = logger;
    this.#reported = new Counter({
      name: 'billing_checkout_csp_reports_total',
      help: 'What browsers have refused on checkout pages and reported, by the directive of the policy: a script that does not belong there, or a browser extension',
      labelNames: ['directive'],
      registers: [metrics],
    });
  }

  take(reports: readonly CspReport[]): void {
    for (const report of reports) {
      this.#reported.inc({ directive: report.directive });
      this.#tell(report);
    }
  }

  #tell(report: CspReport): void {
    const now = this.now();
    if (now - this.#told < quietMs) {
      this.#since += 1;
      return;
    }
    this.#logger.warn(
      { ...report, ...(this.#since > 0 && { unreported: this.#since }) },
      'a browser has refused something on a checkout page',
    );
    this.#told = now;
    this.#since = 0;
  }
}

/** Parses bodies of reports, on their own route alone; comes before the first route. */
export const acceptReports = (fastify: FastifyInstance): void => {
  fastify.addContentTypeParser(
    [...reportTypes],
    { parseAs: 'string', bodyLimit: maxReportBytes },
    (request: FastifyRequest, text: string, done) => {
      if (request.routeOptions.url === reportsPath) done(null, reportsOf(text));
      else done(Object.assign(new Error('media type'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }));
    },
  );
};
