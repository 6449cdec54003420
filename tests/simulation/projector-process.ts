// A projector as a process of its own, for tests that kill it. Asked with: the master's folder, the database's URL.
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { openProjection } from '../../src/engines/postgres/projection.ts'
import { systemClock as clock, secureRandom as random } from '../../src/kit/clock.ts'
import { openLog } from '../../src/kit/log.ts'
import { openMetrics } from '../../src/kit/metric.ts'
import { openProject } from '../../src/services/project/project.ts'

/** What it writes once it has begun. */
export type Said = 'projecting'

const [folder = '', url = ''] = process.argv.slice(2)
const log = openLog('silent')
const master = await openLmdbMaster({ folder, clock, random })
const projection = openProjection({ url, clock, log })
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.stdout.write('projecting' satisfies Said)
await openProject({ master, projection, clock, random, log, metrics: openMetrics({ ofProcess: false }) }).run(stop.signal)
await projection.close()
await master.close()
