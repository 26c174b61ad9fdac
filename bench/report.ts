import { arch, cpus, release, totalmem } from 'node:os';
import type { Measurement } from './measure.ts';
import type { Traffic } from './private-network.ts';

export type Sample = Measurement & Traffic;

export interface Row {
  readonly key: string;
  readonly title: string;
  readonly samples: readonly Sample[];
}

/** A comparison that Varve promises: `slower` takes at least `atLeast` times as long as `faster`. */
interface Promised {
  readonly faster: string;
  readonly slower: string;
  readonly atLeast: number;
}

const PROMISES: readonly Promised[] = [
  { faster: 'varve', slower: 'buildah-cold', atLeast: 350 },
  { faster: 'varve', slower: 'buildah-warm', atLeast: 15 },
  { faster: 'varve-running', slower: 'buildah-warm', atLeast: 40 },
  { faster: 'varve-new-base', slower: 'buildah-cold', atLeast: 4 },
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
  return `${JSON.stringify({ ...report, rows, ratios: ratios(report), traffic: trafficBounds(report) }, undefined, 2)}\n`;
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
    ...columns(table),
    '',
    ...ratios(report).map(
      ({ faster, slower, ratio, atLeast, kept }) =>
        `${slower} / ${faster}: ${ratio.toFixed(1)}x, promised ${atLeast}x: ${kept ? 'kept' : 'MISSED'}`,
    ),
    ...trafficBounds(report).map(
      ({ which, moved, limit, kept }) =>
        `bytes of varve, ${which}: ${moved}, promised at most ${limit} (1.1 x ${report.newContentBytes} new content + ` +
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

function ratios({
  rows,
}: Report): readonly (Promised & { readonly ratio: number; readonly kept: boolean })[] {
  const wall = new Map(rows.map((row) => [row.key, medians(row).wallMs]));
  return PROMISES.flatMap((promised) => {
    const faster = wall.get(promised.faster);
    const slower = wall.get(promised.slower);
    if (faster === undefined || slower === undefined) return [];
    const ratio = slower / faster;
    return [{ ...promised, ratio, kept: ratio >= promised.atLeast }];
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

function columns(table: readonly (readonly string[])[]): readonly string[] {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
}
