export { boundedFastify, rememberRoutes } from './bounded-fastify.js';
export type { FastifyBounds } from './bounded-fastify.js';
export { frameworkProblem } from './framework-problem.js';
export type { Problem } from './problem.js';
export { ProblemError, problem } from './problem.js';
export { RouteTable } from './route-table.js';
