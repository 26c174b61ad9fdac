import { arch, cpus, release, totalmem } from 'node:os';
import { formatTable } from '../src/cli/output.ts';
import type { Measurement } from './measure.ts';
import type { Traffic } from './private-network.ts';

export type Sample = Measurement & Traffic;

export interface Row {
  readonly key: string;
  readonly title: string;
  readonly samples: readonly Sample[];
}

/** A comparison that Varve was asked to win: `slower` takes at least `atLeast` times as long as `faster`. */
interface Target {
  readonly faster: string;
  readonly slower: string;
  readonly atLeast: number;
}

/** How long a row may take in all. */
interface Limit {
  readonly row: string;
  readonly atMostMs: number;
}

const LIMITS: readonly Limit[] = [{ row: 'varve-reuse', atMostMs: 1000 }];

const TARGETS: readonly Target[] = [
  { faster: 'varve', slower: 'buildah-cold', atLeast: 350 },
  { faster: 'varve', slower: 'buildah-warm', atLeast: 15 },
  { faster: 'varve-running', slower: 'buildah-warm', atLeast: 40 },
  { faster: 'varve-new-base', slower: 'buildah-cold', atLeast: 4 },
  // Nobody asked for more than that a container build which is reused is faster than one that is not.
  { faster: 'varve-reuse', slower: 'buildah-whole-cold', atLeast: 1 },
  { faster: 'varve-reuse', slower: 'buildah-whole-warm', atLeast: 1 },
  { faster: 'varve-reuse', slower: 'varve-rebuild', atLeast: 1 },
];

interface BaseFigures {
  readonly layers: number;
  readonly compressedBytes: number;
  readonly manifestBytes: number;
  readonly configBytes: number;
}

export interface Report {
  readonly machine: Readonly<Record<string, string>>;
  readonly base: BaseFigures;
  /** Compressed size of the one layer that a build adds. */
  readonly newContentBytes: number;
  readonly rows: readonly Row[];
}

export function machineFacts(): Readonly<Record<string, string>> {
  const [first] = cpus();
  return {
    cpu: `${cpus().length} x ${first?.model.trim() ?? 'unknown'} (${arch()})`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    node: process.version,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** What `--json` writes: every sample, and what is computed from them. */
export function toJson(report: Report): string {
  const rows = report.rows.map((row) => ({ ...row, median: medians(row) }));
  return `${JSON.stringify({ ...report, rows, ratios: ratios(report), limits: limits(report), traffic: trafficBounds(report) }, undefined, 2)}\n`;
}

export function toText(report: Report): string {
  const { base, machine } = report;
  const table = [
    ['', 'wall', 'CPU', 'from registry', 'to registry', 'peak RSS', 'n'],
    ...report.rows.map((row) => [
      row.title,
      spread(row, (sample) => sample.wallMs, seconds),
      spread(row, (sample) => sample.cpuMs, seconds),
      megabytes(medians(row).fromRegistry),
      megabytes(medians(row).toRegistry),
      megabytes(medians(row).rssBytes),
      String(row.samples.length),
    ]),
  ];
  return [
    Object.entries(machine)
      .map(([key, value]) => `${key} ${value}`)
      .join(' · '),
    `base ${megabytes(base.compressedBytes)} compressed in ${base.layers} layers; 200 files and 30 units, one file changed per build`,
    '',
    formatTable(table),
    ...ratios(report).map(
      ({ faster, slower, ratio, atLeast, kept }) =>
        `${slower} / ${faster}: ${ratio.toFixed(1)}x; asked for: ${atLeast}x: ${kept ? 'kept' : 'MISSED'}`,
    ),
    ...limits(report).map(
      ({ row, wallMs, atMostMs, kept }) =>
        `${row}: ${seconds(wallMs)}; asked for: at most ${seconds(atMostMs)}: ${kept ? 'kept' : 'MISSED'}`,
    ),
    ...trafficBounds(report).map(
      ({ which, moved, limit, kept }) =>
        `bytes of varve, ${which}: ${moved}; asked for: at most ${limit} (1.1 x ${report.newContentBytes} new content + ` +
        `${base.manifestBytes} base manifest + ${base.configBytes} base config): ${kept ? 'kept' : 'MISSED'}`,
    ),
    '',
  ].join('\n');
}

function medians(row: Row): Sample {
  const of = (pick: (sample: Sample) => number): number => median(row.samples.map(pick));
  return {
    wallMs: of((sample) => sample.wallMs),
    cpuMs: of((sample) => sample.cpuMs),
    rssBytes: of((sample) => sample.rssBytes),
    toRegistry: of((sample) => sample.toRegistry),
    fromRegistry: of((sample) => sample.fromRegistry),
  };
}

function ratios({ rows }: Report): readonly (Target & { readonly ratio: number; readonly kept: boolean })[] {
  const wall = new Map(rows.map((row) => [row.key, medians(row).wallMs]));
  return TARGETS.flatMap((target) => {
    const faster = wall.get(target.faster);
    const slower = wall.get(target.slower);
    if (faster === undefined || slower === undefined) return [];
    const ratio = slower / faster;
    return [{ ...target, ratio, kept: ratio >= target.atLeast }];
  });
}

function limits({ rows }: Report): readonly (Limit & { readonly wallMs: number; readonly kept: boolean })[] {
  return LIMITS.flatMap((limit) => {
    const row = rows.find(({ key }) => key === limit.row);
    if (row === undefined) return [];
    const { wallMs } = medians(row);
    return [{ ...limit, wallMs, kept: wallMs <= limit.atMostMs }];
  });
}

function trafficBounds({ rows, base, newContentBytes }: Report): readonly {
  readonly which: string;
  readonly moved: number;
  readonly limit: number;
  readonly kept: boolean;
}[] {
  const row = rows.find(({ key }) => key === 'varve');
  if (row === undefined) return [];
  const { toRegistry, fromRegistry } = medians(row);
  const limit = Math.floor(1.1 * newContentBytes) + base.manifestBytes + base.configBytes;
  return [
    { which: 'to the registry', moved: toRegistry, limit, kept: toRegistry <= limit },
    { which: 'both ways', moved: toRegistry + fromRegistry, limit, kept: toRegistry + fromRegistry <= limit },
  ];
}

function spread(row: Row, pick: (sample: Sample) => number, show: (value: number) => string): string {
  const values = row.samples.map(pick);
  return `${show(median(values))} [${show(Math.min(...values))}..${show(Math.max(...values))}]`;
}

function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 10e6 ? 3 : 0)} MB`;
}
