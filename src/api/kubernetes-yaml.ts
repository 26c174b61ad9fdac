import {
  boolYaml11Tag,
  CORE_SCHEMA,
  defineScalarTag,
  intCoreTag,
  mergeTag,
  NOT_RESOLVED,
  type Schema,
} from 'js-yaml';

/** `0644` is octal for Kubernetes, which reads YAML 1.1, and decimal 644 in YAML 1.2. */
const octalInt = defineScalarTag<number>(intCoreTag.tagName, {
  implicit: true,
  implicitFirstChars: intCoreTag.implicitFirstChars,
  resolve: (source, isExplicit, tagName) => {
    const octal = /^(?<sign>[-+]?)0(?<digits>[0-7]+)$/u.exec(source)?.groups;
    if (octal === undefined) {
      const value = intCoreTag.resolve(source, isExplicit, tagName);
      return typeof value === 'number' ? value : NOT_RESOLVED;
    }
    return Number.parseInt(`${octal['sign'] ?? ''}${octal['digits'] ?? ''}`, 8);
  },
  identify: () => false,
});

/** YAML as kubectl and the API server read it: octal modes, `yes` and `on` as booleans, merge keys. */
export const KUBERNETES_YAML: Schema = CORE_SCHEMA.withTags(octalInt, boolYaml11Tag, mergeTag);

/** Far more than a person writes, and what keeps a document of a few hundred bytes from filling the memory. */
export const YAML_LIMITS: { readonly maxAliases: number; readonly maxDepth: number } = {
  maxAliases: 100,
  maxDepth: 100,
};
