export type { EmbeddedRegistry, EmbeddedRegistryOptions } from './registry.ts';
export { startRegistry } from './registry.ts';
