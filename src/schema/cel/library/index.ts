import { FunctionTable } from '../functions.ts';
import { ADDRESSES } from './addresses.ts';
import { CONVERSIONS } from './conversions.ts';
import { FORMAT_LIBRARY } from './formats.ts';
import { LISTS } from './lists.ts';
import { OPERATORS } from './operators.ts';
import { OPTIONALS } from './optionals.ts';
import { QUANTITIES } from './quantities.ts';
import { REGEX } from './regex.ts';
import { SEMVERS } from './semver.ts';
import { STRINGS } from './strings.ts';
import { TIMESTAMPS } from './timestamps.ts';
import { URLS } from './urls.ts';

/** All functions that rules of a CustomResourceDefinition can call on Kubernetes 1.36. */
export const LIBRARY: FunctionTable = new FunctionTable([
  ...OPERATORS,
  ...CONVERSIONS,
  ...STRINGS,
  ...TIMESTAMPS,
  ...LISTS,
  ...OPTIONALS,
  ...REGEX,
  ...URLS,
  ...ADDRESSES,
  ...QUANTITIES,
  ...SEMVERS,
  ...FORMAT_LIBRARY,
]);
