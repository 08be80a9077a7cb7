import type { Rule } from 'eslint';

const forLonger = /\bset\s+(?:session\s+)?app\.tenant_id\b|set_config\(\s*'app\.tenant_id'\s*,[^,]*,(?!\s*true\b)/i;

/**
 * Forbids setting a tenant for longer than a transaction: it would stay on the connection, for the next request to find. Whatever sets
 * one says `set_config('app.tenant_id', $1, true)`.
 */
export const tenantOfTransaction: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'a tenant is set for one transaction' },
    messages: { stays: "This tenant would stay on the connection. Write set_config('app.tenant_id', $1, true)." },
    schema: [],
  },
  create: (context) => ({
    Literal(node) {
      if (typeof node.value === 'string' && forLonger.test(node.value)) context.report({ node, messageId: 'stays' });
    },
    TemplateElement(node) {
      if (forLonger.test(node.value.raw)) context.report({ node, messageId: 'stays' });
    },
  }),
};
