// rcr seed: as many invented reviews as wanted, to try the system at size.
import { openMetrics } from '../kit/metric.ts'
import { Refusal } from '../kit/refusal.ts'
import { seedMaster } from '../system/alone.ts'
import { type Command, readFlags } from './command.ts'
import { readFirstData } from './first-data.ts'

const mostReviews = 10_000_000
const largestSeed = 2 ** 32 - 1

export const seed: Command = {
  name: 'seed',
  usage: 'seed [--reviews <number>] [--seed <number>]',
  summary: 'Brings invented reviews, to try the system at size.',
  help: `--reviews: so many are there afterwards (1000). --seed: another number makes other ones (1).
The same command brings nothing twice: interrupted at any point (Ctrl-C, a crash), it goes on where it ended.
The system may be running or not. Editors' own reviews stay as they are.`,
  async run({ settings, flags, say, signal, ...around }) {
    const given = readFlags(flags, { reviews: 'text', seed: 'text' })
    const reviews = whole('--reviews', given.reviews ?? '1000', mostReviews)
    const seedNumber = whole('--seed', given.seed ?? '1', largestSeed)
    const seeded = await seedMaster(
      settings,
      { ...around, metrics: openMetrics({ ofProcess: false }) },
      {
        firstData: await readFirstData(),
        reviews,
        seed: seedNumber,
        signal,
        onProgress: ({ done, of, perSecond, restS }) =>
          say(`${count(done)} of ${count(of)} reviews, ${count(perSecond)} a second, ${restS} s to go`),
      },
    )
    say(`${count(seeded.added)} added, ${count(seeded.reviews)} of seed ${seedNumber} are there.`)
    if (seeded.reviews === reviews) return 0
    say('Interrupted. The same command goes on from here.')
    return 130
  },
}

const count = (value: number): string => value.toLocaleString('en')

function whole(flag: string, text: string, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= most) return value
  throw new Refusal('invalid', `${flag} must be a whole number from 0 to ${count(most)} (is: ${text}).`)
}
