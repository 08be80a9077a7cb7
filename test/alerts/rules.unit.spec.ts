import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { load } from 'js-yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}

const { groups } = load(readFileSync(`${root}deploy/alerts/billing.rules.yaml`, 'utf8')) as {
  groups: { name: string; rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

/** Sources of apps and libs, specs left out. */
const sources = ['apps', 'libs']
  .flatMap((room) =>
    readdirSync(`${root}${room}`, { recursive: true, encoding: 'utf8' }).map((file) => `${room}/${file}`),
  )
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
  .map((file) => readFileSync(`${root}${file}`, 'utf8'));

/** The source that registers a metric, its labels included. */
const registrationOf = (metric: string): string | undefined => sources.find((text) => text.includes(`'${metric}'`));

describe('the alert rules', () => {
  it('each say what to look at, how bad it is and what to do', () => {
    expect(rules.length).toBeGreaterThan(8);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations, for: duration = '0s' } of rules) {
      expect(alert).toMatch(/^Billing[A-Z]\w+$/);
      expect(['warning', 'critical']).toContain(labels.severity);
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.description.length).toBeGreaterThan(10);
      expect(duration).toMatch(/^\d+[sm]$/);
    }
  });

  it('ask only for metrics that an app registers, by labels that those have', () => {
    for (const { alert, expr } of rules) {
      const metrics = [...expr.matchAll(/\bbilling_\w+/g)].map(([name]) => name);
      expect([alert, metrics.length > 0]).toEqual([alert, true]);
      const registrations = metrics.map(registrationOf);
      expect([alert, registrations.includes(undefined)]).toEqual([alert, false]);
      const labels = [...expr.matchAll(/by \(([^)]*)\)|\{(\w+)=/g)].flatMap(([, by, matched]) =>
        (by ?? matched ?? '').split(', '),
      );
      // `app` is on every series.
      for (const label of labels.filter((each) => each !== '' && each !== 'app'))
        expect([alert, label, registrations.every((text) => text?.includes(`'${label}'`))]).toEqual([
          alert,
          label,
          true,
        ]);
    }
  });

  it.each([
    ['a rise of what browsers refuse on checkout pages (docs/pci.md)', 'billing_checkout_csp_reports_total'],
    [
      'a secret of a webhook endpoint that does not open (docs/operations/webhooks.md)',
      'billing_webhook_secrets_closed',
    ],
    ['an audit log that is sealed no more (docs/operations/audit-log.md)', 'billing_audit_stopped'],
    ['events that wait for a checkpoint', 'billing_audit_checkpoint_age_seconds'],
    ['an anchor that keeps no checkpoints', 'billing_audit_anchor_failures_total'],
    ['events that are not what was sealed', 'billing_api_audit_receipts_refused_total'],
    ['an anchor that lost a checkpoint', 'billing_warnings{code="audit_anchor_lost_checkpoint"}'],
    ['every other warning, whatever its code', 'billing_warnings{code!~'],
  ])('tell of %s', (_, metric) => {
    expect(rules.filter(({ expr }) => expr.includes(metric))).toHaveLength(1);
  });

  it('leave out of that only warnings that another rule tells of', () => {
    const [, left] = /billing_warnings\{code!~"([^"]+)"/.exec(rules.map(({ expr }) => expr).join('\n')) ?? [];
    const instead: Record<string, string> = {
      'api_key_.*': 'billing_api_key',
      webhook_secret_overdue: 'billing_secret_age_days',
      keys_overdue: 'billing_keys_overdue',
      key_management_unavailable: 'billing_kms_calls_total',
      audit_witness_absent: 'billing_audit_witness_answers_total',
      audit_anchor_lost_checkpoint: 'billing_warnings{code="audit_anchor_lost_checkpoint"}',
    };
    expect(left?.split('|').sort()).toEqual(Object.keys(instead).sort());
    for (const metric of Object.values(instead)) expect(rules.some(({ expr }) => expr.includes(metric))).toBe(true);
  });

  it('speak in their texts only of labels that they keep', () => {
    for (const { expr, annotations } of rules) {
      const kept = (/by \(([^)]*)\)/.exec(expr)?.[1] ?? '').split(', ');
      for (const [, label] of `${annotations.summary} ${annotations.description}`.matchAll(/\$labels\.(\w+)/g))
        expect(kept).toContain(label);
    }
  });
});
