import { cardNumbersIn } from './card-digits.js';

const number = '4000002500003155';
const found = (text: string) => cardNumbersIn(text, [number, '378282246310005']);

describe('a card number in what was sent', () => {
  it.each([
    ['as it is', `{"card":"${number}"}`],
    ['in groups', '4000 0025 0000 3155'],
    ['with dashes', '4000-0025-0000-3155'],
    ['in a form', 'number=4000+0025+0000+3155'],
    ['in an address', '/x?n=4000%200025%200000%203155'],
    ['in part', 'the last are 00003155'],
    ['as base64', Buffer.from(`{"card":"${number}"}`).toString('base64')],
    ['as base64 of another length', Buffer.from(`{"a":1,"card":"${number}"}`).toString('base64')],
    ['as base64 of groups', Buffer.from('x4000 0025 0000 3155').toString('base64')],
    ['as hex', Buffer.from(number).toString('hex')],
    ['backwards', [...number].reverse().join('')],
  ])('is found %s', (_, text) => {
    expect(found(text)).toEqual([number]);
  });

  it('is not found where there is none', () => {
    expect(found('{"confirmationToken":"ctoken_1a2b3c","amount":400000,"at":"2026-11-21T20:00:00.000Z"}')).toEqual([]);
  });
});
