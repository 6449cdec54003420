// How a test's engine asks what it depends on: as the table says, or otherwise.
import { secureRandom, systemClock } from '../src/kit/clock.ts'
import { silentLog } from '../src/kit/log.ts'
import { openMetrics } from '../src/kit/metric.ts'
import { type OpenDependency, openDependency, type Policy } from '../src/kit/resilience.ts'
import { type DependencyName, dependencies } from '../src/resilience.ts'

export const dependencyOf = (
  name: DependencyName,
  { clock = systemClock, log = silentLog, metrics = openMetrics({ ofProcess: false }), ...otherwise }: Partial<Policy & Around> = {},
): OpenDependency => {
  const policy: Policy = { ...dependencies[name], ...otherwise }
  return (traits) => openDependency(name, policy, { clock, random: secureRandom, log, metrics }, traits)
}

type Around = Pick<Parameters<typeof openDependency>[2], 'clock' | 'log' | 'metrics'>
