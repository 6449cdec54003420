// rcr import lensfun, over files in the form of that database. What they say is made up here.
import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbMaster } from '../engines/lmdb/master.ts'
import { systemClock as clock, secureRandom as random } from '../kit/clock.ts'
import { silentLog as log } from '../kit/log.ts'
import type { Refusal } from '../kit/refusal.ts'
import type { Master } from '../ports/master.ts'
import { bringFirstData } from '../services/write/first-data.ts'
import { readSettings } from '../settings.ts'
import { readFirstData } from './first-data.ts'
import { importLensfunCommand } from './import-lensfun.ts'

let data: string
let folder: string
beforeEach(async () => {
  ;[data, folder] = (await Promise.all([mkdtemp(join(tmpdir(), 'rcr-import-')), mkdtemp(join(tmpdir(), 'rcr-lensfun-'))])) as [
    string,
    string,
  ]
})
afterEach(() => Promise.all([data, folder].map((path) => rm(path, { recursive: true, force: true }))))

const run = async (flags = [folder], signal = new AbortController().signal) => {
  const said: string[] = []
  const settings = readSettings({ RCR_DATA: data })
  const status = await importLensfunCommand.run({ settings, flags, log, clock, random, signal, say: (line) => said.push(line) })
  return { status, said: said.join('\n') }
}

const withMaster = async <T>(use: (master: Master) => Promise<T>): Promise<T> => {
  const master = await openLmdbMaster({ folder: join(data, 'master'), clock, random, log })
  return use(master).finally(() => master.close())
}
const standing = () =>
  withMaster(async (master) => ({
    cameras: (await master.list('cameras', '*', { limit: 200 })).documents,
    lenses: (await master.list('lenses', '*', { limit: 200 })).documents,
    head: (await master.head()).seq,
  }))

const camera = (maker: string, model: string, mount: string, crop: string) =>
  `<camera>${maker}<model>${model}</model><mount>${mount}</mount><cropfactor>${crop}</cropfactor></camera>`
const lens = (maker: string, model: string, mounts: string[], crop: string) =>
  `<lens><maker>${maker}</maker><model>${model}</model>${mounts.map((mount) => `<mount>${mount}</mount>`).join('')}
    <cropfactor>${crop}</cropfactor><calibration><distortion model="ptlens" focal="50" a="0" b="0.01" c="0"/></calibration></lens>`
const database = (...entries: string[]) =>
  `<!DOCTYPE lensdatabase SYSTEM "x.dtd"><lensdatabase version="1">${entries.join('\n')}</lensdatabase>`

const slr = database(
  camera('<maker>Olympus Imaging Corp.</maker><maker lang="en">Olympus</maker>', 'E-900', '4/3 System', '2'),
  camera('<maker>Canon</maker>', 'Canon EOS 77X</model><model lang="en">EOS 77X', 'Canon EF-S', '1.613'),
  camera('<maker>Canon</maker>', 'Canon EOS 78X', 'Canon EF', '1.4'),
  camera('<maker>Canon</maker>', '35mm film: full frame', 'Canon EF', '1'),
  lens('Canon', 'Canon EF-S 11-23mm f/3.5-5.6 IS', ['Canon EF-S'], '1.613'),
  lens('Sigma', 'Sigma 33mm f/1.4 DG HSM | Art 099', ['Sigma SA', 'Canon EF', 'Nikon F AF'], '1.534'),
  lens('Canon', 'Canon EF 33mm f/1.4 + EF 1.4x extender', ['Canon EF'], '1'),
  lens('Samyang', 'Samyang 33mm', ['Canon EF'], '1'),
  lens('Samyang', 'Samyang 34mm f/2', ['Canon EF'], '1.613'),
  lens('KMZ', 'Tair 4.5/333 &amp; more', ['M42'], '1.5'),
)
const compact = database(
  camera('<maker>Nikon Corporation</maker>', 'Coolpix 1', 'nikon1', '5.6'),
  lens('Nikon', 'Coolpix 1 &amp; compatibles', ['nikon1'], '5.6'),
)

test('brings what is certain, with brand, mount and format in our words, and says whose it is', async () => {
  await Promise.all([writeFile(join(folder, 'slr-all.xml'), slr), writeFile(join(folder, 'compact-nikon.xml'), compact)])
  const { status, said } = await run()
  expect(status).toBe(0)
  expect(said).toContain('CC BY-SA 3.0')
  const { cameras, lenses } = await standing()
  expect(cameras.map(({ brand, model, slug, mount, type, sensor }) => [brand, model, slug, mount, type, sensor.format])).toEqual([
    ['Canon', 'EOS 77X', 'canon-eos-77x', 'Canon EF', 'dslr', 'aps-c'],
    ['Canon', 'EOS 78X', 'canon-eos-78x', 'Canon EF', 'dslr', 'other'],
    ['Nikon', 'Coolpix 1', 'nikon-coolpix-1', null, 'compact', '1/2.3-inch'],
    ['Olympus', 'E-900', 'olympus-e-900', 'Four Thirds', 'dslr', 'four-thirds'],
  ])
  const shown = lenses.map(({ brand, model, mount, coverage, focalMinMm, focalMaxMm, apertureWide, apertureTele }) =>
    [brand, model, mount, coverage, focalMinMm, focalMaxMm, apertureWide, apertureTele].join(', '),
  )
  expect(shown.toSorted()).toEqual([
    'Canon, EF-S 11-23mm f/3.5-5.6 IS, Canon EF, aps-c, 11, 23, 3.5, 5.6',
    'KMZ, Tair 4.5/333 & more, M42, full-frame, 333, 333, 4.5, 4.5',
    'Sigma, 33mm f/1.4 DG HSM, Canon EF, full-frame, 33, 33, 1.4, 1.4',
    'Sigma, 33mm f/1.4 DG HSM, Nikon F, full-frame, 33, 33, 1.4, 1.4',
    'Sigma, 33mm f/1.4 DG HSM, Sigma SA, full-frame, 33, 33, 1.4, 1.4',
  ])
  for (const thing of [...cameras, ...lenses]) {
    expect(thing.attribution).toContain('lensfun')
    expect([thing.launchPriceUsd, thing.releasedOn, thing.weightGrams]).toEqual([null, null, null])
  }
})

test('brings nothing twice, changes nothing that stands under another spelling, and revives nothing that was deleted', async () => {
  await writeFile(join(folder, 'slr-all.xml'), slr)
  await run()
  const first = await standing()
  const gone = first.cameras.find(({ slug }) => slug === 'olympus-e-900')
  const kept = first.cameras.find(({ slug }) => slug === 'canon-eos-77x')
  await withMaster(async (master) => {
    const at = new Date(clock.now()).toISOString()
    const claims = { release: [{ name: 'slug:camera:olympus-e-900', owner: gone?.id ?? '' }] }
    await master.commit({ at, by: null, claims, writes: [{ kind: 'camera', id: gone?.id ?? '', expected: 1, document: null }] })
    if (kept)
      await master.commit({
        at,
        by: null,
        writes: [{ kind: 'camera', id: kept.id, expected: 1, document: { ...kept, model: 'EOS-77 X', weightGrams: 500 } }],
      })
  })
  const { head } = await standing()
  expect((await run()).status).toBe(0)
  const again = await standing()
  expect(again.head).toBe(head)
  expect(again.cameras.find(({ id }) => id === kept?.id)).toMatchObject({ model: 'EOS-77 X', weightGrams: 500 })
})

test('broken off, it goes on from there', async () => {
  const many = Array.from({ length: 450 }, (_, n) => camera('<maker>Canon</maker>', `EOS ${n}N`, 'Canon EF', '1'))
  await writeFile(join(folder, 'slr-all.xml'), database(...many))
  const stop = new AbortController()
  const settings = readSettings({ RCR_DATA: data })
  const say = (line: string) => line.includes(' of ') && stop.abort()
  expect(await importLensfunCommand.run({ settings, flags: [folder], log, clock, random, signal: stop.signal, say })).toBe(130)
  expect((await standing()).head).toBe(200)
  expect((await run()).status).toBe(0)
  expect((await standing()).head).toBe(450)
})

const refused = (flags = [folder]): Promise<Pick<Refusal, 'reason' | 'message'>> =>
  run(flags).then(
    () => ({ reason: 'invalid' as const, message: 'done' }),
    (error: Refusal) => error,
  )

test('a folder that is none, or holds no such database, is told so', async () => {
  expect((await refused([])).message).toContain('Name one folder')
  expect((await refused([folder, folder])).message).toContain('Name one folder')
  expect((await refused([join(folder, 'missing')])).message).toContain('cannot be read as a folder')
  expect((await refused()).message).toContain('holds no lensfun database')
  await writeFile(join(folder, 'other.xml'), '<html><body/></html>')
  expect((await refused()).message).toContain('holds no lensfun database')
})

// Each file with what is said of it. Nothing may be added when one of them is beside good ones.
const bad: Record<string, [content: string | Uint8Array, said: RegExp]> = {
  'broken off': [slr.slice(0, -20), /^bad\.xml is no well-formed XML: line \d+/],
  'tags that cross': [database('<camera><maker>Canon</camera></maker>'), /^bad\.xml is no well-formed XML: line 1/],
  'no XML': ['{"camera": 1}', /^bad\.xml is no well-formed XML/],
  'not UTF-8': [new Uint8Array([0x3c, 0xff, 0xfe, 0x3e]), /^bad\.xml is not UTF-8/],
  'entities that grow': [
    `<!DOCTYPE lensdatabase [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>${slr.replace(/^<!DOCTYPE[^>]*>/, '')}`,
    /^bad\.xml defines entities/,
  ],
  'an entity of another file': ['<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>', /^bad\.xml defines entities/],
  'nested without end': [`${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`, /^bad\.xml is no XML that can be read/],
  'more than 8 MiB': [`<a>${' '.repeat(8 * 1024 * 1024)}</a>`, /^bad\.xml has more than 8 MiB/],
}
for (const [how, [content, said]] of Object.entries(bad))
  test(`a file that is ${how} is refused by its name, and nothing is brought`, async () => {
    await Promise.all([writeFile(join(folder, 'a.xml'), slr), writeFile(join(folder, 'bad.xml'), content)])
    expect((await refused()).message).toMatch(said)
    expect((await standing()).head).toBe(0)
  })

test('what the catalogue has already is not brought again, however it is spelt there', async () => {
  const first = await readFirstData()
  const { head } = await withMaster((master) => bringFirstData(master, clock, first)).then(standing)
  const mounts: Record<string, string> = { 'Micro Four Thirds': 'Micro 4/3 System', 'L-Mount': 'Leica L', 'Sony A': 'Sony Alpha' }
  const spelt = (name: string) => name.toUpperCase().replaceAll('&', '&amp;')
  const cameras = first.cameras.map(({ brand, model, mount }) =>
    camera(`<maker>${spelt(brand)} Corporation</maker>`, spelt(`${brand} ${model}`), mount ?? 'own', '1'),
  )
  const unmarked = first.lenses.filter(({ model }) => !/\(\d{4}\)$/.test(model)) // a year tells two editions of one name apart
  const lenses = unmarked.map(({ brand, model, mount }) =>
    lens(brand, spelt(model.replace(`(${mount})`, '')), [mounts[mount] ?? mount], '1'),
  )
  await writeFile(join(folder, 'mil-all.xml'), database(...cameras, ...lenses))
  const { said } = await run()
  expect(said).toContain(`cameras: 0 added, ${cameras.length} known here already`)
  expect(said).toContain('lenses: 0 added')
  expect((await standing()).head).toBe(head)
})
