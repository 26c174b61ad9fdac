import assert from 'node:assert/strict';
import { at } from '../api-client.ts';
import { configMap, row, type Scenario } from './bench.ts';

export const creatingScenarios: readonly Scenario[] = [
  [
    'create makes objects of many kinds',
    async ({ k, tag }) => {
      const created = async (command: string, name: string): Promise<void> => {
        assert.equal(await k.say(`create ${command}`), `${name} created\n`);
      };
      await created('configmap made --from-literal=a=b', 'configmap/made');
      await created('secret generic made --from-literal=a=b', 'secret/made');
      await created(
        'secret docker-registry pull --docker-server=r --docker-username=u --docker-password=p',
        'secret/pull',
      );
      await created('deployment made --image=a --replicas=2', 'deployment.apps/made');
      await created('job made --image=a -- true', 'job.batch/made');
      await created('serviceaccount made', 'serviceaccount/made');
      await created('role made --verb=get,list --resource=pods', 'role.rbac.authorization.k8s.io/made');
      await created(
        `rolebinding made --role=made --serviceaccount=${tag}:made`,
        'rolebinding.rbac.authorization.k8s.io/made',
      );
      await created(
        `clusterrole made-${tag} --verb=get --resource=nodes`,
        `clusterrole.rbac.authorization.k8s.io/made-${tag}`,
      );
      await created(
        `clusterrolebinding made-${tag} --clusterrole=made-${tag} --user=${tag}`,
        `clusterrolebinding.rbac.authorization.k8s.io/made-${tag}`,
      );
      await created('service clusterip made --tcp=80:8080', 'service/made');
      await created('quota made --hard=pods=10', 'resourcequota/made');
      await created(`priorityclass made-${tag} --value=10`, `priorityclass.scheduling.k8s.io/made-${tag}`);
      assert.equal(
        await k.refuse('create configmap made'),
        `${k.minor >= 21 ? 'error: failed to create configmap: ' : 'Error from server (AlreadyExists): '}configmaps "made" already exists\n`,
      );
      assert.match(
        await k.refuse('create -f -', { input: configMap('made') }),
        /^Error from server \(AlreadyExists\): error when creating "STDIN": configmaps "made" already exists\n$/,
      );
      assert.equal(await k.say('get secret pull -o jsonpath={.type}'), 'kubernetes.io/dockerconfigjson');
      assert.equal(await k.say('get deployment made -o jsonpath={.spec.replicas}'), '2');
      assert.equal(await k.say('run made --image=a --restart=Never'), 'pod/made created\n');
      assert.equal(
        await k.say('expose deployment made --port=80 --name=exposed'),
        'service/exposed exposed\n',
      );
    },
  ],
  [
    'create pdb, cronjob, token and what else came later',
    async ({ k, tag }) => {
      assert.equal(
        await k.say('create pdb later --selector=app=later --min-available=1'),
        'poddisruptionbudget.policy/later created\n',
      );
      assert.equal(
        await k
          .say('create cronjob later --image=a --schedule=0/5 -- true')
          .catch((error: Error) => /is invalid|unacceptable|expected exactly 5 fields/.test(error.message)),
        true,
      );
      assert.equal(
        (await k.do(['create', 'cronjob', 'later', '--image=a', '--schedule=*/5 * * * *', '--', 'true']))
          .stdout,
        'cronjob.batch/later created\n',
      );
      assert.equal(
        await k.say('create job from-later --from=cronjob/later'),
        'job.batch/from-later created\n',
      );
      assert.equal(await k.say('create serviceaccount later'), 'serviceaccount/later created\n');
      const token = await k.say('create token later --duration=1h');
      const [, payload = ''] = token.split('.');
      const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string };
      assert.equal(sub, `system:serviceaccount:${tag}:later`);
      assert.match(await k.refuse('create token nobody'), /serviceaccounts "nobody" not found/);
      assert.match(
        await k.refuse('create token later --duration=1m'),
        /may not specify a duration less than 10 minutes/,
      );
      assert.match(await k.say('describe pdb later'), /^Min available: +1$/m);
    },
    24,
  ],
  [
    'scale, set and rollout change workloads',
    async ({ k }) => {
      await k.say('create deployment scaled --image=a');
      assert.equal(await k.say('scale deployment scaled --replicas=3'), 'deployment.apps/scaled scaled\n');
      assert.equal(await k.say('get deployment scaled -o jsonpath={.spec.replicas}'), '3');
      if (k.minor >= 24) {
        const { AGE, ...shown } = row(await k.say('get deployment scaled --subresource=scale'));
        assert.deepEqual(shown, { NAME: 'scaled', DESIRED: '3', AVAILABLE: '0' });
        assert.match(AGE ?? '', /^\d+s$/);
      }
      assert.match(
        await k.refuse('scale deployment scaled --replicas=4 --current-replicas=1'),
        /Expected replicas to be 1, was 3/,
      );
      assert.match(
        await k.refuse('scale configmap kube-root-ca.crt --replicas=1'),
        /could not find the requested resource|not found|not supported/,
      );
      assert.equal(
        await k.say('set image deployment/scaled a=b:2'),
        'deployment.apps/scaled image updated\n',
      );
      assert.equal(
        await k.say('set env deployment/scaled KEY=value'),
        'deployment.apps/scaled env updated\n',
      );
      assert.equal(await k.say('rollout pause deployment scaled'), 'deployment.apps/scaled paused\n');
      assert.match(
        await k.refuse('rollout pause deployment scaled'),
        /deployments\.apps "scaled" is already paused/,
      );
      assert.equal(await k.say('rollout resume deployment scaled'), 'deployment.apps/scaled resumed\n');
      assert.equal(await k.say('rollout restart deployment scaled'), 'deployment.apps/scaled restarted\n');
      const scaled = JSON.parse(await k.say('get deployment scaled -o json')) as unknown;
      assert.equal(at(scaled, 'spec.template.spec.containers.0.image'), 'b:2');
      assert.ok(Number(at(scaled, 'metadata.generation')) > 3);
    },
  ],
];
