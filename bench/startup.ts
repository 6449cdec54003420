// From the start of the process to the first good answer.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Benchmark, isUp, startSettings, startWords } from './kit/lab.ts'
import { median } from './kit/measure.ts'
import { freePort, start } from './kit/process.ts'
import { within } from './kit/table.ts'

export const startup: Benchmark = {
  title: 'start',
  needs: [],
  async run(lab) {
    const data = await lab.seeded()
    const first: number[] = []
    const warm: number[] = []
    for (let turn = 0; turn < lab.turns; turn++) {
      const fresh = join(lab.folder, `fresh-${turn}`)
      first.push(await secondsToAnswer(fresh))
      rmSync(fresh, { recursive: true })
      warm.push(await secondsToAnswer(data))
    }
    return [
      within('start to the first 200: the very first, empty folder', median(first), 's', 6),
      within('start to the first 200: warm, seeded', median(warm), 's', 2),
    ]
  },
}

async function secondsToAnswer(data: string): Promise<number> {
  const port = freePort()
  const startedMs = performance.now()
  const starting = start({ core: 'any', words: startWords, env: { ...startSettings(data), RCR_HTTP_PORT: String(port) }, ready: isUp })
  let over = false
  const isOver = () => {
    over = true
  }
  starting.catch(isOver)
  const answered = async () => (await fetch(`http://127.0.0.1:${port}/api/v1/content`).catch(() => null))?.status === 200
  while (!over && !(await answered())) await Bun.sleep(5)
  const seconds = (performance.now() - startedMs) / 1000
  await (await starting).stop()
  return seconds
}
