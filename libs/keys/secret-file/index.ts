export {
  SecretFileExposed,
  readOrCreateSecretFile,
  readSecretFile,
  replaceSecretFile,
  whileLocked,
} from './secret-file.js';
