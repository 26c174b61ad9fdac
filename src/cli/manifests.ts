import type { FieldPath, MachineConfig, MachineConfigPool, MachineOSConfig } from '../api/index.ts';
import { ApiError, decodeObjects } from '../api/index.ts';
import { BuildInputManifests } from './build-input-manifests.ts';
import { CliError } from './cli-error.ts';
import type { InputFile } from './input-files.ts';
import type { YamlDocument } from './yaml-document.ts';
import { readYamlDocuments } from './yaml-document.ts';

/** The objects of the files that a command was given. */
export interface Manifests {
  readonly machineConfigs: readonly MachineConfig[];
  readonly pools: readonly MachineConfigPool[];
  readonly osConfigs: readonly MachineOSConfig[];
  /** Objects that configure no pool. */
  readonly others: readonly { readonly kind: string; readonly name: string }[];
  /** Of these, what container builds may be given. */
  readonly buildInputs: BuildInputManifests;
  /** `file:line:column` of a field of an object; undefined when it is not of these files. */
  locate(kind: string, name: string, field: FieldPath): string | undefined;
}

/**
 * Decodes every object of the files.
 *
 * @throws CliError `input` with every bad object: file, line, column and field.
 */
export function decodeManifests(files: readonly InputFile[]): Manifests {
  const machineConfigs: MachineConfig[] = [];
  const pools: MachineConfigPool[] = [];
  const osConfigs: MachineOSConfig[] = [];
  const others: { readonly kind: string; readonly name: string }[] = [];
  const buildInputs = new BuildInputManifests();
  const places = new Map<string, { document: YamlDocument; prefix: FieldPath }>();
  const failures: string[] = [];
  for (const document of files.flatMap((file) => readYamlDocuments(file.name, file.text))) {
    try {
      const objects = decodeObjects(document.value);
      for (const [position, object] of objects.entries()) {
        if (object.kind === 'other') {
          const { kind, name } = object.object;
          others.push({ kind, name });
          if (buildInputs.take(object.object, valueAt(document.value, position))) {
            const field = isList(document.value) ? ['items', position] : [];
            failures.push(
              `${at(document, [...field, 'metadata', 'name'])}: ${kind} ${JSON.stringify(name)} is defined twice`,
            );
          }
          continue;
        }
        const key = `${object.kind}/${object.metadata.name}`;
        const inList = objects.length > 1 || isList(document.value);
        const place = { document, prefix: inList ? ['items', position] : [] };
        const earlier = places.get(key);
        if (earlier !== undefined) {
          failures.push(
            `${at(place.document, [...place.prefix, 'metadata', 'name'])}: ${object.kind} ${JSON.stringify(object.metadata.name)} ` +
              `is defined twice; the other one is at ${at(earlier.document, [...earlier.prefix, 'metadata', 'name'])}`,
          );
          continue;
        }
        places.set(key, place);
        if (object.kind === 'MachineConfig') machineConfigs.push(object);
        else if (object.kind === 'MachineConfigPool') pools.push(object);
        else osConfigs.push(object);
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const object = [error.kind, error.objectName === '' ? '' : JSON.stringify(error.objectName)]
        .filter(Boolean)
        .join(' ');
      for (const problem of error.problems) {
        failures.push(
          `${at(document, [...error.within, ...problem.field])}: ${object === '' ? '' : `${object}: `}${problem.message}`,
        );
      }
    }
  }
  if (failures.length > 0)
    throw new CliError('input', `cannot read the objects:\n  ${failures.join('\n  ')}`);
  return {
    machineConfigs,
    pools,
    osConfigs,
    others,
    buildInputs,
    locate(kind, name, field) {
      const place = places.get(`${kind}/${name}`);
      return place === undefined ? undefined : at(place.document, [...place.prefix, ...field]);
    },
  };
}

/**
 * The pool of a name.
 *
 * @throws CliError `input` that lists the pools there are.
 */
export function poolNamed(manifests: Manifests, name: string): MachineConfigPool {
  const pool = manifests.pools.find((candidate) => candidate.metadata.name === name);
  if (pool !== undefined) return pool;
  const names = manifests.pools.map((candidate) => candidate.metadata.name).sort();
  throw new CliError(
    'input',
    `cannot find MachineConfigPool ${JSON.stringify(name)} in the files: ` +
      (names.length === 0
        ? 'they have no MachineConfigPool; add one with -f'
        : `they have ${names.join(', ')}`),
  );
}

function at(document: YamlDocument, field: FieldPath): string {
  const { line, column } = document.position(field);
  return `${document.file}:${line}:${column}`;
}

/** The object at a position of what a document holds. */
function valueAt(document: unknown, position: number): unknown {
  if (typeof document !== 'object' || document === null || !isList(document)) return document;
  const items: unknown = 'items' in document ? document.items : undefined;
  return Array.isArray(items) ? (items as readonly unknown[])[position] : undefined;
}

function isList(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'items' in value && !('spec' in value);
}
