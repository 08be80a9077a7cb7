import { UnknownEventVersion, upcast } from './upcasters.js';

const chain = {
  PaymentFailed: {
    1: (data: Record<string, unknown>) => ({ ...data, code: data.reason }),
    2: ({ reason: _, ...data }: Record<string, unknown>) => data,
  },
};

describe('upcasting', () => {
  it('applies each step from the stored version to the current one', () => {
    expect(upcast('PaymentFailed', 1, { reason: 'declined' }, chain, 3)).toEqual({ code: 'declined' });
    expect(upcast('PaymentFailed', 2, { reason: 'x', code: 'declined' }, chain, 3)).toEqual({ code: 'declined' });
  });
  it('leaves data of the current version as it is', () => {
    const data = { code: 'declined' };
    expect(upcast('PaymentFailed', 1, data)).toBe(data);
  });
  it.each([
    ['a type of a newer release', () => upcast('Unheard', 1, {})],
    ['a version of a newer release', () => upcast('PaymentFailed', 99, {})],
    ['a chain with a missing step', () => upcast('PaymentFailed', 1, {}, { PaymentFailed: {} }, 2)],
  ])('refuses %s', (_, read) => {
    expect(read).toThrow(UnknownEventVersion);
  });
});
