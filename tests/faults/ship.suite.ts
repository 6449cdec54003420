// What every second place of a master has to do, whatever keeps it.
import { describe, expect, test } from 'bun:test'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import type { Ship } from '../../src/ports/ship.ts'
import { sampleAccount, sampleTime } from '../samples.ts'
import { wholeLog } from '../whole-log.ts'
import { commit, everything, put, refusalOf, removed, review, type shipRoom, untilShipped } from './ship-room.ts'

/** `entries`: so many are written while bases are renewed all the time. */
export function shipSuite(room: ReturnType<typeof shipRoom>, { entries = 600 } = {}): void {
  const { opened, close, restored, at, place } = room

  test('what is acknowledged comes back from the second place alone: log, private documents, indexes, counters, removals', async () => {
    const master = await opened()
    await put(master, 1, 2, 3)
    await commit(master, removed(2))
    await commit(master, review(3, 1))
    const before = await everything(master)
    const { epoch } = await master.head()
    const { master: back, replayed } = await restored()
    expect(replayed).toBe(5)
    expect(await everything(back)).toEqual(before)
    expect((await back.head()).epoch > epoch).toBe(true)
    expect(await commit(back, review(9))).toMatchObject({ committed: true, position: { seq: before.log.length + 1 } })
  })

  test('a backup is followed by the entries that are newer than it', async () => {
    const master = await opened()
    await put(master, 1, 2)
    await master.backup(at('backup'))
    await put(master, 3, 4, 5)
    const { master: back, replayed } = await restored(at('backup'))
    expect(replayed).toBe(3)
    expect(await everything(back)).toEqual(await everything(master))
  })

  test('entries that change much of what a base holds are brought back over it', async () => {
    const master = await opened()
    // Each commit changes a document here and there, and so nearly every page; LMDB has a limit where a copy has none that is free.
    const everySixtieth = (from: number, expected: number) => Array.from({ length: 50 }, (_, n) => review(from + 60 * n, expected))
    for (let from = 0; from < 60; from++) await commit(master, ...everySixtieth(from, 0))
    await master.backup(at('backup'))
    for (let from = 0; from < 60; from += 2) await commit(master, ...everySixtieth(from, 1))
    const { master: back, replayed } = await restored(at('backup'))
    expect(replayed).toBe(30)
    expect(await wholeLog(back)).toEqual(await wholeLog(master))
  })

  test('a place is read whole while it is pruned: what is taken away meanwhile is in the newer base', async () => {
    let nowMs = Date.parse(sampleTime)
    const clock = { ...systemClock, now: () => nowMs }
    const master = await opened({ clock })
    await put(master, 1, 2)
    const { shipped } = place()
    let looks = 0
    place().shipped = async () => {
      const found = await shipped()
      if (++looks > 1) return found
      nowMs += 24 * 3_600_000 + 1
      await put(master, 3)
      for (const isThere = async () => [...(await place().contents()).keys()].some((path) => path.endsWith('.ship')); await isThere(); )
        await systemClock.sleep(20)
      return found
    }
    expect((await wholeLog((await restored()).master)).length).toBe(3)
    expect(looks).toBeGreaterThan(1)
  })

  test('an epoch after a restoration is later even when the clock of the machine is not', async () => {
    const master = await opened()
    await put(master, 1)
    const { epoch } = await master.head()
    const { position } = await restored(null, { ...systemClock, now: () => 0 })
    expect(position.epoch > epoch).toBe(true)
  })

  test('an older copy of a master is refused where more is known than it knows, also by a base alone', async () => {
    let nowMs = Date.parse(sampleTime)
    const clock = { ...systemClock, now: () => nowMs }
    const master = await opened({ clock })
    await put(master, 1)
    await close(master)
    await cp(at('master'), at('copy'), { recursive: true })
    const ahead = await opened({ clock })
    await put(ahead, 2)
    const refusal = { code: 'master-unusable', message: expect.stringContaining('Use rcr restore') }
    expect(await refusalOf(opened({ at: at('copy') }))).toMatchObject(refusal)
    nowMs += 24 * 3_600_000 + 1
    await put(ahead, 3)
    for (let left = true; left; left = [...(await place().contents()).keys()].some((path) => path.endsWith('.ship')))
      await systemClock.sleep(20)
    expect(await refusalOf(opened({ at: at('copy') }))).toMatchObject(refusal)
  })

  test('what a second place lost it gets again with a new base', async () => {
    const master = await opened()
    await put(master, 1, 2)
    await close(master) // and what has arrived is taken out of the outbox
    await place().lose()
    const again = await opened()
    await put(again, 3)
    expect((await wholeLog((await restored()).master)).length).toBe(3)
  })

  test('of two processes that open it at once one makes the base, and the other waits for it', async () => {
    const [one, other] = await Promise.all([opened(), opened()])
    for (const master of [one, other]) await untilShipped(master)
    await put(one, 1)
    await put(other, 2)
    const bases = new Set([...(await place().contents()).keys()].flatMap((path) => /^base[^/]*/.exec(path) ?? []))
    expect(bases.size).toBe(1)
    expect((await wholeLog((await restored()).master)).length).toBe(2)
  })

  test('a second place is not forgotten by mistake, and ends when that is said; what follows then needs a new base', async () => {
    const master = await opened()
    await put(master, 1)
    await master.backup(at('backup'))
    await close(master)
    expect(await refusalOf(opened({ mode: null }))).toMatchObject({ reason: 'conflict', code: 'ship-needed' })
    const without = await opened({ mode: 'off' })
    await put(without, 2)
    await close(without)
    await close(await opened({ mode: null }))
    const again = await opened()
    await put(again, 3)
    expect((await wholeLog((await restored()).master)).length).toBe(3)
    expect((await refusalOf(restored(at('backup')))).code).toBe('ship-gap')
  })

  test('what was erased is gone from the second place after a day, and so are the entries that a new base holds', async () => {
    let nowMs = Date.parse(sampleTime)
    const clock = { ...systemClock, now: () => nowMs }
    const master = await opened({ clock })
    await put(master, 1, 2)
    const email = Buffer.from(sampleAccount(2).email)
    await commit(master, removed(2))
    const holders = async () => [...(await place().contents()).values()].filter((content) => content.includes(email)).length
    const bases = async () => [...new Set([...(await place().contents()).keys()].flatMap((path) => /^base[^/]*/.exec(path) ?? []))]
    expect(await holders()).toBeGreaterThan(0)
    const [base] = await bases()
    nowMs += 24 * 3_600_000 + 1
    await put(master, 3)
    for (let tries = 0; (await holders()) > 0 || (await bases()).length > 1; tries++) {
      expect(tries).toBeLessThan(400)
      await systemClock.sleep(20)
    }
    expect(await bases()).toEqual([expect.not.stringContaining(base ?? 'none')])
    await put(master, 4)
    expect((await wholeLog((await restored()).master)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
  })

  describe('two processes that ship to one place', () => {
    const epoch = '20261121T100000000Z-000000000000'
    const entry = (number: number) => ({ number, bytes: Buffer.from(`entry ${number}`) })
    let copies = 0
    const base = (ship: Ship, number: number, during: () => unknown = () => {}) =>
      ship.keepBase({
        bytes: 1000,
        isAlone: false,
        async copy(folder) {
          await during()
          await mkdir(folder, { recursive: true })
          await writeFile(join(folder, 'data.mdb'), '')
          const at = new Date(Date.parse(sampleTime) + ++copies).toISOString()
          await writeFile(join(folder, 'manifest.json'), JSON.stringify({ number, at, files: [] }))
          return { number, at }
        },
      })
    const numbersAfter = async (after: number) => {
      const [shipped] = await place().shipped()
      return (await Array.fromAsync(shipped?.entries(after) ?? [])).map(({ number }) => number)
    }
    const ships = async (count: number) => {
      const all = Array.from({ length: count }, () => place().ship(epoch))
      await base(all[0] as Ship, 0)
      return all as [Ship, Ship, Ship]
    }

    test('may take away what a base holds: what the other appends afterwards is not lost with it', async () => {
      const [first, second] = await ships(2)
      await second.append([entry(1)])
      await base(first, 1)
      await first.prune()
      expect([...(await place().contents()).keys()].filter((name) => name.endsWith('.ship'))).toEqual([])
      await second.append([entry(2)])
      await base(first, 1)
      await first.prune() // what lies beyond the base stays
      await second.append([entry(3)])
      expect(await numbersAfter(1)).toEqual([2, 3])
      await Promise.all([first.close(), second.close()])
    })

    test('leave no gap when both write and bases are renewed all the time', async () => {
      const [first, second, third] = await ships(3)
      let number = 0
      let renewed = 0
      const writer = async (ship: Ship) => {
        while (number < entries) await ship.append([entry(++number)])
      }
      const writing = Promise.all([writer(first), writer(second)])
      while (number < entries) {
        renewed = Math.max(0, number - 2)
        await base(third, renewed)
        await third.prune()
      }
      await writing
      expect(await numbersAfter(renewed)).toEqual(Array.from({ length: number - renewed }, (_, n) => renewed + 1 + n))
      await Promise.all([first, second, third].map((ship) => ship.close()))
    })

    test('of bases of one number the newest counts, and the others go', async () => {
      const [first] = await ships(1)
      for (let n = 0; n < 4; n++) {
        const { at } = await base(first, 1)
        expect((await first.base())?.at).toBe(at)
        await first.prune()
        const names = new Set([...(await place().contents()).keys()].flatMap((path) => /^base[^/]*/.exec(path) ?? []))
        expect(names.size).toBe(1)
      }
      await first.close()
    })

    test('a base that took longer than a newer one does not take its place, with whose coming entries went', async () => {
      const [first, second] = await ships(2)
      await first.append([entry(1)])
      const [begun, newer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const slow = base(first, 1, () => {
        begun.resolve()
        return newer.promise
      }).catch((error: unknown) => error)
      await begun.promise
      await first.append([entry(2)])
      await base(second, 2)
      await second.prune()
      await second.append([entry(3)])
      newer.resolve()
      await slow
      await first.prune()
      const [shipped] = await place().shipped()
      await shipped?.base?.copyOut('manifest.json', at('manifest.json'))
      expect(await Bun.file(at('manifest.json')).json()).toMatchObject({ number: 2 })
      expect(await numbersAfter(2)).toEqual([3])
      await Promise.all([first.close(), second.close()])
    })
  })
}
