import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { at, type AnyObject } from '../api-client.ts';
import type { LabControlPlane } from '../control-plane.ts';
import { PATIENCE } from '../until.ts';
import { Kubectl } from './kubectl.ts';
import type { KubectlProgram } from './program.ts';

/** The group of the kinds that Varve is for. */
export const MCO = 'machineconfiguration.openshift.io';

/** What a version works in: its own namespace, its own node, its own folder; the control plane is everybody's. */
export interface Bench {
  readonly lab: LabControlPlane;
  readonly k: Kubectl;
  readonly folder: string;
  /** For names of objects without a namespace. */
  readonly tag: string;
}

/** [what it is about, how it goes, the first minor version that has the command]. */
export type Scenario = readonly [string, (bench: Bench) => Promise<void>, number?];

export async function makeBench(lab: LabControlPlane, program: KubectlProgram): Promise<Bench> {
  const tag = `v${program.minor}`;
  const folder = join(lab.folder, tag);
  await mkdir(folder);
  const k = new Kubectl(program, folder, lab.plane.kubeconfig, tag);
  await k.say(`create namespace ${tag}`);
  return { lab, k, folder, tag };
}

/** The cells of a table, row by row, headings first. Where a heading begins, its column does. */
export function cells(table: string): string[][] {
  const lines = table.split('\n').filter((line) => line !== '');
  const starts = [...(lines[0] ?? '').matchAll(/(?<=^| {2})\S+(?: \S+)*/g)].map(({ index }) => index);
  return lines.map((line) => starts.map((start, column) => line.slice(start, starts[column + 1]).trim()));
}

/** A table of one object: its cells by their headings. */
export function row(table: string): Record<string, string> {
  const [headings = [], values = []] = cells(table);
  return Object.fromEntries(headings.map((heading, index) => [heading, values[index] ?? '']));
}

export const configMap = (name: string, data: Record<string, string> = {}, more: AnyObject = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data });

export const pod = (name: string, labels: Record<string, string>, nodeName?: string): AnyObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: {
    ...(nodeName === undefined ? {} : { nodeName }),
    containers: [{ name: 'main', image: 'busybox:1', ports: [{ containerPort: 80 }] }],
  },
});

export const node = (name: string): AnyObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'node-role.kubernetes.io/worker': '' } },
  status: {
    capacity: { cpu: '4', memory: '16Gi', pods: '110' },
    allocatable: { cpu: '4', memory: '15Gi', pods: '110' },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: '2026-01-01T00:00:00Z',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      },
    ],
    addresses: [{ type: 'InternalIP', address: '10.0.0.5' }],
    nodeInfo: {
      architecture: 'amd64',
      bootID: 'b',
      containerRuntimeVersion: 'cri-o://1.33',
      kernelVersion: '6.9',
      kubeProxyVersion: 'v1.33.1',
      kubeletVersion: 'v1.33.1',
      machineID: 'm',
      operatingSystem: 'linux',
      osImage: 'Fedora CoreOS',
      systemUUID: 's',
    },
  },
});

export const pool = (name: string, spec: AnyObject = {}): AnyObject => ({
  apiVersion: `${MCO}/v1`,
  kind: 'MachineConfigPool',
  metadata: { name },
  spec,
});

export const apply = (
  k: Kubectl,
  object: AnyObject | string,
  ...more: string[]
): Promise<{ stdout: string; stderr: string }> =>
  k.do(['apply', '-f', '-', ...more], {
    input: typeof object === 'string' ? object : JSON.stringify(object),
  });

/** What a kubelet would report of a pod. */
export async function setReady({ lab, k }: Bench, name: string): Promise<void> {
  const { status } = await lab.admin.merge(`/api/v1/namespaces/${k.namespace}/pods/${name}/status`, {
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        {
          name: 'main',
          image: 'busybox:1',
          imageID: 'i',
          ready: true,
          restartCount: 2,
          state: { running: {} },
        },
      ],
    },
  });
  assert.equal(status, 200);
}

/** What the server has at a path of an object in the bench's namespace, or of a pool (`mcp/NAME`). */
export async function stored({ lab, k }: Bench, name: string, path: string): Promise<unknown> {
  const url = name.startsWith('mcp/')
    ? `/apis/${MCO}/v1/machineconfigpools/${name.slice(4)}`
    : `/api/v1/namespaces/${k.namespace}/${name}`;
  return at((await lab.admin.get(url)).body, path);
}

/** Makes or replaces an object without kubectl: what a scenario begins with and is not about. */
export async function given({ lab, k }: Bench, object: AnyObject | string): Promise<void> {
  const body = typeof object === 'string' ? (JSON.parse(object) as AnyObject) : object;
  const name = String(at(body, 'metadata.name'));
  const path =
    body['kind'] === 'MachineConfigPool'
      ? `/apis/${MCO}/v1/machineconfigpools/${name}`
      : `/api/v1/namespaces/${k.namespace}/configmaps/${name}`;
  const { status, text } = await lab.admin.request('PATCH', `${path}?fieldManager=test&force=true`, {
    body,
    contentType: 'application/apply-patch+yaml',
  });
  assert.ok(status < 300, text);
}

/** Waits until a reading is as it has to be. */
export async function eventually<T>(read: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  let value = await read();
  for (const end = Date.now() + PATIENCE * 1000; !fits(value); value = await read()) {
    if (Date.now() > end) assert.fail(`not within ${PATIENCE} s: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return value;
}
