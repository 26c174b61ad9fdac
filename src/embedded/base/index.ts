export type {
  MiniatureArchitecture,
  MiniatureBase,
  MiniatureBaseOptions,
  PushMiniatureBaseOptions,
} from './miniature-base.ts';
export { buildMiniatureBase, pushMiniatureBase } from './miniature-base.ts';
