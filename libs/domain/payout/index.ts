export type * from './commands.js';
export type * from './events.js';
export { decidePayout, evolvePayout, foldPayout, initialPayout, payoutBooked, recordPayout } from './payout.js';
export type { Payout, PayoutStage } from './payout.js';
