export type { EmbeddedErrorCode, EmbeddedErrorFacts } from './embedded-error.ts';
export { EmbeddedError } from './embedded-error.ts';
export type { EmbeddedRegistry, EmbeddedRegistryOptions } from './registry.ts';
export { startRegistry } from './registry.ts';
export type {
  MiniatureArchitecture,
  MiniatureBase,
  MiniatureBaseOptions,
  PushMiniatureBaseOptions,
} from './miniature-base.ts';
export { buildMiniatureBase, pushMiniatureBase } from './miniature-base.ts';
