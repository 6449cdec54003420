// The projector without its loop, for commands: over the master and the database of the settings, beside a running system or alone.
import { openProjector } from '../system/alone.ts'
import { around, type Command, type Running, readFlags } from './command.ts'

export type Projector = Awaited<ReturnType<typeof openProjector>>
type Watching = Parameters<Projector['rebuild']>[0]

/** The `run` of a command that needs the projector; progress goes to the terminal about once a second. Asked to stop, it says so: 130. */
export function withProjector<const Known extends Readonly<Record<string, 'switch'>>>(
  known: Known,
  task: (project: Projector, watching: Watching, say: Running['say'], given: Record<keyof Known, boolean>) => Promise<number>,
): Command['run'] {
  return async (running) => {
    const { settings, flags, signal, say, clock } = running
    const given = readFlags(flags, known) as Record<keyof Known, boolean>
    await using stack = new AsyncDisposableStack()
    const project = await openProjector(settings, around(running), stack)
    const startedMs = clock.monotonic()
    let saidMs = startedMs
    const progress = ({ seq, of }: { seq: number; of: number }) => {
      const nowMs = clock.monotonic()
      if (nowMs - saidMs < 1000) return
      saidMs = nowMs
      say(`  ${seq} of ${of} changes (${Math.round((seq * 1000) / (nowMs - startedMs))}/s)`)
    }
    try {
      // Awaited here: what the stack holds must outlive it.
      return await task(project, { signal, progress }, say, given)
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error
      say('Interrupted.')
      return 130
    }
  }
}
