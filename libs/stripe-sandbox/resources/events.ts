import { lists, shows } from '../http/endpoint.js';
import { created, idRange, pageOf } from '../http/pages.js';
import { matchesType } from '../state/event-types.js';
import { invalidParameter } from '../wire/errors.js';
import { boolean, listOf, string } from '../wire/params.js';

const MOST_TYPES = 20;

const filters = { created, delivery_success: boolean, type: string, types: listOf(string) };

export const events = [
  shows('event', 'GET', '/v1/events/:id', { takes: {}, run: (work, _params, id) => work.get('event', id) }),
  lists('event', '/v1/events', {
    takes: filters,
    run: (work, params) => {
      const { type, types, delivery_success } = params;
      if (type !== undefined && types !== undefined) {
        throw invalidParameter(
          'types',
          'You may only specify one of these parameters: type, types.',
          'parameters_exclusive',
        );
      }
      if ((types?.length ?? 0) > MOST_TYPES) throw invalidParameter('types', 'You can give up to 20 event types.');
      const wanted = types ?? (type === undefined ? undefined : [type]);
      const single = wanted?.length === 1 && !wanted[0]?.endsWith('*') ? wanted[0] : undefined;
      return pageOf<'event'>(
        work.store.events(idRange(work, 'event', params), single),
        params,
        (event) =>
          work.sees('event', event) &&
          (wanted === undefined || wanted.some((each) => matchesType(each, event.type))) &&
          (delivery_success === undefined || (work.store.deliveries.pending(event.id) === 0) === delivery_success),
      );
    },
  }),
];
