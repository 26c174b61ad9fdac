import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ControllerConfig,
  KubeletConfig,
  MachineConfig,
  MachineConfigNode,
  MachineConfigPool,
  MachineConfiguration,
  MachineOSBuild,
  MachineOSConfig,
  PinnedImageSet,
} from '../index.ts';

/** True where each of two types is assignable to the other. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

function sameType<A, B>(_same: Same<A, B>): void {}

type Name = { readonly name: string };
type Reference = { readonly group: string; readonly resource: string; readonly namespace?: string } & Name;

// What is checked here is checked by the compiler: that no type has become `unknown` or `never` on its way from a schema.
test('the types of the kinds are those of their schemas', () => {
  sameType<MachineConfig['apiVersion'], 'machineconfiguration.openshift.io/v1'>(true);
  sameType<MachineConfig['spec']['kernelArguments'], readonly string[] | null | undefined>(true);
  sameType<MachineConfig['status'], undefined>(true);
  sameType<MachineConfigPool['spec']['maxUnavailable'], number | string | undefined>(true);
  sameType<NonNullable<MachineConfigPool['status']>['machineCount'], number | undefined>(true);
  sameType<
    MachineOSConfig['spec'],
    {
      readonly machineConfigPool: Name;
      readonly imageBuilder: { readonly imageBuilderType: 'Job' };
      readonly baseImagePullSecret?: Name;
      readonly renderedImagePushSecret: Name;
      readonly renderedImagePushSpec: string;
      readonly containerFile?: readonly {
        // Has a default, so it is always there.
        readonly containerfileArch: 'ARM64' | 'AMD64' | 'PPC64LE' | 'S390X' | 'NoArch';
        readonly content: string;
      }[];
    }
  >(true);
  type Condition = NonNullable<NonNullable<MachineOSBuild['status']>['conditions']>[number];
  sameType<Condition['status'], 'True' | 'False' | 'Unknown'>(true);
  sameType<NonNullable<NonNullable<MachineOSBuild['status']>['builder']>['job'], Reference | undefined>(true);
  sameType<MachineConfigNode['spec']['configVersion'], { readonly desired: string }>(true);
  sameType<KubeletConfig['spec']['logLevel'], number | undefined>(true);
  sameType<PinnedImageSet['spec']['pinnedImages'], readonly Name[]>(true);
  sameType<MachineConfiguration['apiVersion'], 'operator.openshift.io/v1'>(true);
  type Action = NonNullable<
    NonNullable<MachineConfiguration['spec']['nodeDisruptionPolicy']>['sshkey']
  >['actions'][number];
  sameType<Action['type'], 'Reboot' | 'Drain' | 'Reload' | 'Restart' | 'DaemonReload' | 'None'>(true);
  type Platform = NonNullable<ControllerConfig['spec']['infra']>['spec']['platformSpec'];
  sameType<NonNullable<NonNullable<Platform>['external']>['platformName'], string>(true);
  assert.ok(true);
});
