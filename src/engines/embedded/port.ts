// The port to listen on: the one asked for, or a free one that stays the same over restarts.
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { RandomBytes } from '../../kit/clock.ts'

// Below the range from which systems give out ports for outgoing connections, so that nobody takes it during a restart.
const range = { first: 20_000, size: 12_000 }
const tries = 50

/** A port asked for is taken as it is: PostgreSQL itself says when it is busy. */
export async function choosePort(folder: string, host: string, asked: number | undefined, random: RandomBytes): Promise<number> {
  if (asked !== undefined) return asked
  const file = join(folder, 'port')
  const before = lastPort(file)
  if (before !== null && (await isFree(host, before))) return before
  for (let i = 0; i < tries; i++) {
    const port = range.first + (Buffer.from(random(2)).readUInt16BE() % range.size)
    if (!(await isFree(host, port))) continue
    writeFileSync(file, `${port}\n`)
    return port
  }
  throw new Error(`no free port found on ${host}`)
}

function lastPort(file: string): number | null {
  try {
    const port = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : null
  } catch {
    return null
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, host, () => server.close(() => resolve(true)))
  })
}
