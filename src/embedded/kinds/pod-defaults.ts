import { type JsonObject, isTrueAt, numberAt, objectsAt, textAt } from '../../schema/index.ts';
import { containerDefaults } from './container-defaults.ts';
import { ensureObject, setDefault, setDefaultText } from './members.ts';
import { volumeDefaults } from './volume-defaults.ts';

/** Fields of a pod's spec, and of a pod template's, that are set where they were left out. */
export function podSpecDefaults(spec: JsonObject): void {
  setDefaultText(spec, 'dnsPolicy', 'ClusterFirst');
  setDefaultText(spec, 'restartPolicy', 'Always');
  ensureObject(spec, 'securityContext');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefaultText(spec, 'schedulerName', 'default-scheduler');
  // Two names of one field: the newer one wins.
  const account = textAt(spec, 'serviceAccountName') || textAt(spec, 'serviceAccount');
  if (account !== '') {
    spec['serviceAccountName'] = account;
    spec['serviceAccount'] = account;
  }
  for (const volume of objectsAt(spec, 'volumes')) volumeDefaults(volume);
  const hostNetwork = isTrueAt(spec, 'hostNetwork');
  for (const members of ['containers', 'initContainers', 'ephemeralContainers']) {
    for (const container of objectsAt(spec, members)) {
      containerDefaults(container);
      if (!hostNetwork) continue;
      for (const port of objectsAt(container, 'ports')) {
        if ((numberAt(port, 'hostPort') ?? 0) === 0) port['hostPort'] = numberAt(port, 'containerPort') ?? 0;
      }
    }
  }
}

/** The defaults of a pod template: what a controller makes pods of. */
export function podTemplateDefaults(parent: JsonObject): void {
  const template = ensureObject(parent, 'template');
  ensureObject(template, 'metadata');
  podSpecDefaults(ensureObject(template, 'spec'));
}
