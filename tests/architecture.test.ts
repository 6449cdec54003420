// The import rules of ARCHITECTURE.md, over every import of every file of src, type imports included; no cycles.
import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const root = join(import.meta.dir, '..')

interface Rule {
  /** Which files. The first capture, if any, is the room's own name. */
  room: RegExp
  /** What they may import inside src, as patterns on the path below src; `$1` is the room's own name. */
  may: string[]
  /** Which packages. `node:` stands for all of Node's own modules. */
  packages: string[]
}

const rules: Rule[] = [
  { room: /^domain\//, may: ['domain/', 'kit/refusal.ts'], packages: ['zod'] },
  { room: /^ports\//, may: ['ports/', 'domain/', 'kit/refusal.ts'], packages: [] },
  {
    room: /^kit\//,
    may: ['kit/'],
    packages: ['node:', 'zod', 'pino', 'prom-client', 'jose', '@node-rs/argon2', 'lru-cache', 'bun'],
  },
  { room: /^engines\/lmdb\//, may: ['ports/', 'domain/', 'kit/', 'engines/lmdb/'], packages: ['node:', 'lmdb'] },
  { room: /^engines\/aws\//, may: ['kit/', 'engines/aws/'], packages: ['node:', 'aws4fetch'] },
  { room: /^engines\/ship\//, may: ['ports/', 'domain/', 'kit/', 'engines/aws/', 'engines/ship/'], packages: ['node:', 'fast-xml-parser'] },
  { room: /^engines\/dynamodb\//, may: ['ports/', 'domain/', 'kit/', 'engines/aws/', 'engines/dynamodb/'], packages: ['node:'] },
  { room: /^engines\/payment\//, may: ['ports/', 'kit/', 'engines/payment/'], packages: ['node:'] },
  { room: /^engines\/postgres\//, may: ['ports/', 'domain/', 'kit/', 'engines/postgres/'], packages: ['node:', 'pg'] },
  { room: /^engines\/embedded\//, may: ['kit/', 'engines/embedded/'], packages: ['node:'] },
  { room: /^engines\/replicas\//, may: ['kit/', 'engines/replicas/', 'engines/embedded/'], packages: ['node:', 'pg'] },
  { room: /^services\/([^/]+)\//, may: ['ports/', 'domain/', 'kit/', 'services/$1/'], packages: ['node:', 'zod'] },
  {
    room: /^protocols\/grpc\//,
    may: ['kit/', 'protocols/'],
    packages: ['node:', '@grpc/grpc-js', '@grpc/proto-loader', '@grpc/reflection', 'grpc-health-check'],
  },
  {
    room: /^protocols\/graphql\//,
    may: ['kit/', 'protocols/'],
    packages: ['node:', 'zod', 'graphql', '@graphql-yoga/render-graphiql', 'lru-cache'],
  },
  { room: /^protocols\//, may: ['kit/', 'protocols/'], packages: ['node:', 'zod', 'hono', 'swagger-ui-dist'] },
  { room: /^resilience\.ts$/, may: ['kit/'], packages: [] },
  { room: /^setting-forms\.ts$/, may: ['kit/', 'resilience.ts'], packages: ['node:'] },
  { room: /^settings\.ts$/, may: ['kit/', 'setting-forms.ts'], packages: ['node:'] },
  {
    room: /^system\//,
    may: [
      'ports/',
      'domain/',
      'kit/',
      'engines/',
      'services/',
      'protocols/',
      'system/',
      'settings.ts',
      'setting-forms.ts',
      'resilience.ts',
    ],
    packages: ['node:'],
  },
  {
    room: /^commands\//,
    may: ['commands/', 'system/', 'settings.ts', 'kit/', 'ports/', 'domain/'],
    packages: ['node:', 'zod', 'fast-xml-parser'],
  },
  { room: /^main\.ts$/, may: ['commands/', 'system/', 'settings.ts', 'kit/'], packages: ['node:'] },
]

/** Every module that a source text names: static, type-only, re-exported and dynamic. */
export function importsOf(source: string): string[] {
  const statements = [...source.matchAll(/^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*(['"])([^'"\n]+)\1/gm)]
  const dynamic = [...source.matchAll(/\bimport\(\s*(['"])([^'"\n]+)\1/g)]
  return [...statements, ...dynamic].map((match) => match[2] ?? '')
}

/** The sentence that says what is wrong with an import, or null. `file` and the answer are paths below src. */
export function fault(file: string, specifier: string): string | null {
  const rule = rules.find(({ room }) => room.test(file))
  if (rule === undefined) return `${file} lies in no room of the architecture`
  const own = rule.room.exec(file)?.[1] ?? ''
  if (specifier.startsWith('.')) {
    const target = join(dirname(file), specifier)
    return rule.may.some((may) => target.startsWith(may.replace('$1', own))) ? null : `${file} must not import ${target}`
  }
  const allowed = rule.packages.some((name) =>
    name === 'node:' ? specifier.startsWith('node:') : specifier === name || specifier.startsWith(`${name}/`),
  )
  return allowed ? null : `${file} must not import the package ${specifier}`
}

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.tsx?$/.test(file) && !/\.(test|suite)\.tsx?$/.test(file),
)
const imports = new Map(sources.map((file) => [file, importsOf(readFileSync(join(root, 'src', file), 'utf8'))]))

describe('the house', () => {
  test('every import of src is one that its room may make', () => {
    const faults = [...imports].flatMap(([file, specifiers]) =>
      specifiers.map((specifier) => fault(file, specifier)).filter((found) => found !== null),
    )
    expect(faults).toEqual([])
    expect(imports.size).toBeGreaterThan(40)
  })

  test('a bad import is seen, also a type-only and a dynamic one', () => {
    const bad: [string, string][] = [
      ['domain/review.ts', "import { readFile } from 'node:fs'"],
      ['ports/master.ts', "import type { Pool } from 'pg'"],
      ['kit/id.ts', "import { Review } from '../domain/review.ts'"],
      ['engines/lmdb/master.ts', "export { x } from '../postgres/connect.ts'"],
      ['services/read/list.ts', "import type { Write } from '../write/operations.ts'"],
      ['services/write/publish.ts', "const { open } = await import('lmdb')"],
      ['protocols/rest.ts', "import { publish } from '../domain/review.ts'"],
    ]
    for (const [file, source] of bad) {
      const [specifier = ''] = importsOf(source)
      expect(fault(file, specifier)).not.toBeNull()
    }
  })

  test('nothing imports itself by way of others', () => {
    const seen = new Map<string, 'open' | 'done'>()
    const cycles: string[] = []
    const visit = (file: string, trail: string[]) => {
      if (seen.get(file) === 'done') return
      if (seen.get(file) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
        return
      }
      seen.set(file, 'open')
      for (const specifier of imports.get(file) ?? [])
        if (specifier.startsWith('.')) visit(relative(join(root, 'src'), resolve(root, 'src', dirname(file), specifier)), [...trail, file])
      seen.set(file, 'done')
    }
    for (const file of imports.keys()) visit(file, [])
    expect(cycles).toEqual([])
  })

  test('clocks and chance are passed in: nobody but kit and main reads them', () => {
    const reads = sources.filter(
      (file) =>
        !/^(kit\/|main\.ts)/.test(file) &&
        /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)/.test(readFileSync(join(root, 'src', file), 'utf8')),
    )
    expect(reads).toEqual([])
  })

  test('only main and the listener know Bun', () => {
    const users = sources.filter(
      (file) => !['main.ts', 'kit/serve.ts'].includes(file) && /\bBun\.|from 'bun/.test(readFileSync(join(root, 'src', file), 'utf8')),
    )
    expect(users).toEqual([])
  })
})
