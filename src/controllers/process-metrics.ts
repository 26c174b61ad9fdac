import { Counter, Gauge, type Registry } from 'prom-client';

/** A number that is looked up when somebody asks; a counter where its name says so. */
export function number(registry: Registry, name: string, help: string, read: () => number): void {
  numbers(
    registry,
    undefined,
    () => [undefined],
    () => '',
    { [name]: [help, read] },
  );
}

/** Numbers by one label that are looked up when somebody asks; what is not there any more is not told either. */
export function numbers<Item>(
  registry: Registry,
  label: string | undefined,
  items: () => Iterable<Item>,
  named: (item: Item) => string,
  metrics: Readonly<Record<string, readonly [help: string, read: (item: Item) => number]>>,
): void {
  for (const [name, [help, read]] of Object.entries(metrics)) {
    const Kind = name.endsWith('_total') ? Counter : Gauge;
    void new Kind({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const item of items()) this.inc(label === undefined ? {} : { [label]: named(item) }, read(item));
      },
    });
  }
}

/** What every process says of itself: since when it runs, what it takes, which version it is. */
export function addProcess(registry: Registry, version: string): void {
  const started = Date.now() / 1000 - process.uptime();
  number(
    registry,
    'process_start_time_seconds',
    'When the process began, in seconds since 1970.',
    () => started,
  );
  number(registry, 'process_resident_memory_bytes', 'Memory in use.', () => process.memoryUsage.rss());
  number(registry, 'nodejs_heap_size_used_bytes', 'Memory that objects take, garbage included.', () => {
    return process.memoryUsage().heapUsed;
  });
  number(registry, 'process_cpu_seconds_total', 'Time that the process has computed.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const info = new Gauge({
    name: 'varve_build_info',
    help: 'The version of Varve.',
    labelNames: ['version'],
    registers: [registry],
  });
  info.set({ version }, 1);
}
