// The contract suite of the master, on each engine.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbMaster } from '../../src/engines/lmdb/master.ts'
import { secureRandom } from '../../src/kit/clock.ts'
import { masterSuite } from './master.suite.ts'

masterSuite('LMDB', async (clock) => {
  const folder = await mkdtemp(join(tmpdir(), 'rcr-master-'))
  const open = (path: string) => openLmdbMaster({ folder: path, clock, random: secureRandom })
  let master = await open(folder)
  return {
    master,
    async reopen() {
      await master.close()
      master = await open(folder)
      return master
    },
    openCopy: open,
    async dispose() {
      await master.close()
      await rm(folder, { recursive: true })
    },
  }
})
