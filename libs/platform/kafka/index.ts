export * from './client.js';
export * from './group-member.js';
