import { runBuildPod } from '../controllers/index.ts';
import { inClusterAccess, isKubeError, KubeClient } from '../kube/index.ts';
import { buildahBuilders, JobFile, JobFolder, poolCredentials, readJobRequest } from '../osbuild/index.ts';
import { CliError } from './cli-error.ts';
import { machineArchitecture, type Environment } from './environment.ts';
import { interruptible } from './interruption.ts';

/**
 * `varve build-job`: what the pod of a container build runs. It is not for people: all that it works with is in the folders and
 * variables that the controllers have given the pod (docs/container-builds.md).
 *
 * @returns the status to exit with, which tells the Job whether another pod is worth it
 */
export async function buildJobCommand({ variables }: Environment): Promise<number> {
  const needed = (name: string): string => {
    const value = variables[name];
    if (value !== undefined && value !== '') return value;
    throw new CliError(
      'input',
      `cannot run as a pod of a build: ${name} is not set; the controllers start this command, people run varve build`,
    );
  };
  const identity = {
    pod: needed('POD_NAME'),
    namespace: needed('POD_NAMESPACE'),
    digestConfigMap: needed('DIGEST_CONFIGMAP_NAME'),
    outputConfigMap: needed('OUTPUT_CONFIGMAP_NAME'),
  };
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const architecture = machineArchitecture();
  const packageCache = variables['PACKAGE_CACHE'];
  const client = await openClient(variables, print);
  try {
    return await interruptible((signal) =>
      runBuildPod({
        identity,
        client,
        read: () => readJobRequest(variables),
        open: ({ request, access }) =>
          buildahBuilders({
            storage: JobFolder.storage,
            architecture,
            auth: poolCredentials(access, [request.push]),
            insecureRegistries: access.insecureRegistries,
            certificateAuthorities: access.certificateAuthorities,
            path: variables['PATH'] ?? '',
            uid: process.getuid?.(),
            ...(packageCache === undefined ? {} : { packageCache }),
          }),
        architecture,
        termination: JobFile.termination,
        print,
        signal,
      }),
    );
  } finally {
    await client?.close();
  }
}

/** Without one the build is made all the same: the kubelet is told how it ended. */
async function openClient(
  variables: Environment['variables'],
  print: (line: string) => void,
): Promise<KubeClient | undefined> {
  try {
    return new KubeClient({ access: await inClusterAccess(variables), userAgent: 'varve-builder' });
  } catch (error) {
    if (!isKubeError(error)) throw error;
    print(`warning: cannot tell the controllers: ${error.message}`);
    return undefined;
  }
}
