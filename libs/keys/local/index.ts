export { LocalKeyManagement } from './local-key-management.js';
