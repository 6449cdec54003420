// A client of DynamoDB Local that is patient with a busy machine.

import { fixedCredentials } from '../../src/engines/aws/credentials.ts'
import { type Call, openClient } from '../../src/engines/dynamodb/client.ts'
import { secureRandom, systemClock } from '../../src/kit/clock.ts'
import { silentLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import { openDependency } from '../../src/kit/resilience.ts'
import { dependencies } from '../../src/resilience.ts'

const around = { clock: systemClock, random: secureRandom, log: silentLog, metrics: openMetrics({ ofProcess: false }) }

export const localClient = (endpoint: string): Call =>
  openClient({
    endpoint,
    region: 'sa-east-1',
    credentials: fixedCredentials({ accessKeyId: 'local', secretAccessKey: 'local' }),
    clock: systemClock,
    dependency: (traits) => openDependency('master', { ...dependencies.master, tryMs: 10_000, callMs: 20_000 }, around, traits),
  })
