import { guardProcessOutput } from '#platform/logging';

import { standalone } from './program.js';

guardProcessOutput({ app: 'billing', forPeople: true });
process.exit(await standalone());
