// Hours of load leave nothing behind: memory, open files and connections are at the end what they were when it was warm.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { pssBytes } from '../../bench/kit/process.ts'
import { coldList, filesOf, isLong, load, pageOf, patienceMs, pidOf, rateOf, type Standing, sizes, standing, until } from './load.ts'

let here: Standing
beforeAll(async () => {
  // Small enough to be full soon: what grows afterwards is no cache.
  here = await standing({ RCR_CACHE_MIB: '4' })
}, 60_000)
afterAll(() => here?.[Symbol.asyncDispose]())

const paths = [
  coldList,
  '/api/v1/content?limit=5',
  '/api/v1/content?limit=6',
  '/api/v1/content/search?q=autofoco',
  '/api/v1/content/none-#',
]

interface Look {
  seconds: number
  mib: number
  files: number
}

test(
  `${sizes.soakS} s of mixed load`,
  async () => {
    const { system } = here
    const pid = pidOf(system)
    const ask = (pace: Parameters<typeof load>[0]['pace'], seconds: number) => load({ url: system.api, pace, seconds, paths })
    const warm = await ask({ connections: 8 }, isLong ? 60 : 3)
    const quiet = () =>
      until(
        () => pageOf(system),
        ({ load: { query, search } }) => query.running + search.running === 0,
      )
    await quiet()
    const files = filesOf(pid)

    const looks: Look[] = []
    const startMs = performance.now()
    let isOver = false
    const soaking = ask({ perSecond: Math.max(20, rateOf(warm) * 0.5) }, sizes.soakS).finally(() => {
      isOver = true
    })
    while (!isOver) {
      looks.push({ seconds: (performance.now() - startMs) / 1000, mib: pssBytes([pid]) / 2 ** 20, files: filesOf(pid) })
      await Promise.race([soaking, Bun.sleep(isLong ? 10_000 : 500)])
    }
    const found = await soaking
    await quiet()
    const slope = slopeOf(looks.slice(Math.floor(looks.length / 6)))
    const mib = (at: number) => Math.round(looks.at(at)?.mib ?? 0)
    console.log(`${found.sent} asked; ${mib(0)} MiB → ${mib(-1)} MiB, ${slope.toFixed(2)} MiB a minute; files ${files} → ${filesOf(pid)}`)

    expect(Object.keys(found.byStatus).filter((status) => !['200', '404', '429', '503'].includes(status))).toEqual([])
    expect({ broken: found.broken, unsent: found.unsent }).toEqual({ broken: 0, unsent: 0 })
    // The pools hold as many connections as they may by now, and the client's are closed.
    await until(
      () => filesOf(pid),
      (now) => now <= files + 4,
      35_000,
    )
    expect(Math.max(...looks.map((look) => look.files))).toBeLessThan(files + found.connections + 30)
    if (isLong) expect(slope).toBeLessThan(1)
  },
  patienceMs(sizes.soakS + 60),
)

test('readers who do not read cost next to nothing, and slow nobody', async () => {
  const { system } = here
  const { hostname, port } = new URL(system.api)
  await (await fetch(`${system.api}/api/v1/content?limit=5`)).text()
  const before = pssBytes([pidOf(system)])
  const asked = `GET /api/v1/content?limit=5 HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`.repeat(40)
  const big = `GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`
  const sockets = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      Bun.connect({
        hostname,
        port: Number(port),
        socket: {
          open(socket) {
            socket.pause()
            socket.write(n % 10 === 0 ? big : asked)
          },
          data() {},
        },
      }),
    ),
  )
  for (let n = 0; n < 20; n++) expect((await fetch(`${system.api}/api/v1/content?limit=5`)).status).toBe(200)
  expect((pssBytes([pidOf(system)]) - before) / 2 ** 20).toBeLessThan(96)
  for (const socket of sockets) socket.end()
}, 30_000)

/** MiB a minute, by least squares. */
function slopeOf(looks: readonly Look[]): number {
  const mean = (of: (look: Look) => number) => looks.reduce((sum, look) => sum + of(look), 0) / looks.length
  const [x, y] = [mean(({ seconds }) => seconds), mean(({ mib }) => mib)]
  const above = looks.reduce((sum, { seconds, mib }) => sum + (seconds - x) * (mib - y), 0)
  const below = looks.reduce((sum, { seconds }) => sum + (seconds - x) ** 2, 0)
  return (60 * above) / below
}
