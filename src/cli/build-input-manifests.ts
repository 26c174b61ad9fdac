import { API_VERSION, type ControllerConfig, OPERATOR_NAMESPACE } from '../api/index.ts';
import { type BuildInputs, buildInputObjects, type InputSecret, readBuildInputs } from '../osbuild/index.ts';

/** Of the one ControllerConfig that a cluster has (contract §1.6). */
const CONTROLLER_CONFIG = 'machine-config-controller';

/** Secrets, ConfigMaps and the ControllerConfig among the objects of files: what a cluster would give a container build. */
export class BuildInputManifests {
  readonly #objects = new Map<string, object>();

  /** Takes an object, if a build may be given one like it; answers whether there is one of that name already. */
  take(
    { apiVersion, kind, name }: { apiVersion: string; kind: string; name: string },
    value: unknown,
  ): boolean {
    const isCore = apiVersion === 'v1' && (kind === 'Secret' || kind === 'ConfigMap');
    const isController = apiVersion === API_VERSION && kind === 'ControllerConfig';
    if ((!isCore && !isController) || !isObject(value) || !mayBeInput(kind, name)) return false;
    const namespace = isObject(value['metadata']) ? value['metadata']['namespace'] : undefined;
    if (isCore && namespace !== undefined && namespace !== OPERATOR_NAMESPACE) return false;
    const key = `${kind} ${name}`;
    const isThere = this.#objects.has(key);
    const metadata = { name, ...(typeof namespace === 'string' ? { namespace } : {}) };
    this.#objects.set(key, { ...value, metadata });
    return isThere;
  }

  /** Whether an object goes into the container builds of a pool. */
  isInput(pool: string, kind: string, name: string): boolean {
    if (kind === 'ControllerConfig') return name === CONTROLLER_CONFIG;
    return buildInputObjects(pool).some((input) => input.kind === kind && input.name === name);
  }

  /**
   * What container builds of a pool are given, besides what the command itself has.
   *
   * @throws OsBuildError `invalid-secret` or `invalid-trust-bundle`
   */
  read(pool: string, own: Pick<BuildInputs, 'certificateAuthorities' | 'proxyEnvironment'>): BuildInputs {
    return readBuildInputs({
      pool,
      secret: (name) => this.#find('Secret', name),
      configMap: (name) => this.#find('ConfigMap', name),
      controllerConfig: this.#controllerConfig(),
      certificateAuthorities: own.certificateAuthorities,
      proxyEnvironment: own.proxyEnvironment,
    });
  }

  #controllerConfig(): ControllerConfig | undefined {
    const found = this.#objects.get(`ControllerConfig ${CONTROLLER_CONFIG}`);
    // The rest of it is nothing to a build, and an API server's to check.
    const config = found as (ControllerConfig & { readonly spec?: ControllerConfig['spec'] }) | undefined;
    return isObject(config?.spec) ? config : undefined;
  }

  #find(kind: string, name: string): InputSecret | undefined {
    return this.#objects.get(`${kind} ${name}`) as InputSecret | undefined;
  }
}

/** Whether an object goes into the builds of some pool; the name of one that goes into those of one pool alone ends with the pool's. */
function mayBeInput(kind: string, name: string): boolean {
  if (kind === 'ControllerConfig') return name === CONTROLLER_CONFIG;
  return buildInputObjects('').some(
    (input) =>
      input.kind === kind && (input.name.endsWith('-') ? name.startsWith(input.name) : name === input.name),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
