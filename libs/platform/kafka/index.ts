export * from './client.js';
export * from './group-member.js';
export * from './partition-tails.js';
