// Metrics in Prometheus' text format: one registry per process, handed to whoever counts.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  /** `name` ends in its unit (`_total`, `_seconds`, `_bytes`). Asking twice for a name gives the same metric. */
  counter(name: string, help: string, labels?: readonly string[]): Counter
  /** `read`, if given, is called at each scrape. */
  gauge(name: string, help: string, labels?: readonly string[], read?: () => number): Gauge
  /** Seconds, from 0.5 ms to 10 s. */
  timer(name: string, help: string, labels?: readonly string[]): Histogram
  text(): Promise<{ contentType: string; body: string }>
}

export function openMetrics({ ofProcess = true } = {}): Metrics {
  const registry = new Registry()
  if (ofProcess) collectDefaultMetrics({ register: registry, prefix: 'rcr_' })
  const known = <M>(name: string, make: () => M): M => (registry.getSingleMetric(name) as M | undefined) ?? make()
  const base = (name: string, help: string, labels: readonly string[]) => ({ name, help, labelNames: [...labels], registers: [registry] })
  return {
    counter: (name, help, labels = []) => known(name, () => new Counter(base(name, help, labels))),
    gauge: (name, help, labels = [], read) =>
      known(
        name,
        () =>
          new Gauge({
            ...base(name, help, labels),
            ...(read && {
              collect() {
                this.set(read())
              },
            }),
          }),
      ),
    timer: (name, help, labels = []) =>
      known(
        name,
        () =>
          new Histogram({
            ...base(name, help, labels),
            buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
          }),
      ),
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
