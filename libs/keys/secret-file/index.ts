export { readOrCreateSecretFile, SecretFileExposed } from './secret-file.js';
