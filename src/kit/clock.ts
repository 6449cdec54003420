// Time and randomness as things that are passed in, so that tests neither sleep nor flake.
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  now(): number
  /** Monotonic milliseconds, for durations. Never jumps back. */
  monotonic(): number
  /** Resolves after `ms`, at once on abort. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
}

/** RFC 3339 in UTC with milliseconds. */
export const instant = (clock: Clock): string => new Date(clock.now()).toISOString()

/** Fills with random bytes from the system's secure source. */
export type RandomBytes = (length: number) => Uint8Array

export const secureRandom: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length))
