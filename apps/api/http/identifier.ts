import type { PipeTransform } from '@nestjs/common';
import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';

import { ProblemError } from './problem.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What is not there, or is another tenant's: nobody can tell which. */
export const notFound = (what: string, id: string): ProblemError =>
  new ProblemError(
    404,
    `${what}_not_found`,
    `there is no ${what.replace('_', ' ')} ${uuid.test(id) ? id : 'of that id'}`,
    { field: 'id' },
  );

class IdentifierOf implements PipeTransform<string, string> {
  constructor(private readonly what: string) {}

  /** Ids are UUIDs in lower case; anything else names nothing. */
  transform(id: string): string {
    if (!uuid.test(id)) throw notFound(this.what, id);
    return id.toLowerCase();
  }
}

/** The `:id` of a route, as the id of a `what`. */
export const Id =
  (what: string): ParameterDecorator =>
  (controller, method, index) => {
    Param('id', new IdentifierOf(what))(controller, method, index);
    const handler = method && Object.getOwnPropertyDescriptor(controller, method);
    if (handler) ApiParam({ name: 'id', schema: { type: 'string', format: 'uuid' } })(controller, method, handler);
  };
