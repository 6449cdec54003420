// What the gateways say of each request, as figures of the last seconds.
import { systemClock } from '../../src/kit/clock.ts'
import type { Region } from './plan.ts'

interface Answered {
  atMs: number
  ms: number
  status: number
  /** `readers-eu/eu-1`: the backend, and who of it. */
  to: string
}

export interface Figures {
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** Answered 5xx, or not at all. */
  failed: number
}

const windowMs = 5_000

export function openTraffic() {
  const answered = new Map<Region, Answered[]>()
  const recent = (region: Region): Answered[] => {
    const sinceMs = systemClock.monotonic() - windowMs
    const all = answered.get(region) ?? []
    const first = all.findIndex(({ atMs }) => atMs >= sinceMs)
    const kept = first === -1 ? [] : all.slice(first)
    answered.set(region, kept)
    return kept
  }
  return {
    recent,
    /** A line of HAProxy's log: one request, or anything else. */
    heard(region: Region, line: string): void {
      const [, status, ms, to = ''] = /^\{"region".*?"status":(-?\d+),"ms":(-?\d+),.*"to":"([^"]*)"/.exec(line) ?? []
      if (status === undefined) return
      const all = answered.get(region) ?? []
      all.push({ atMs: systemClock.monotonic(), ms: Number(ms), status: Number(status), to })
      answered.set(region, all)
    },
    figures(region: Region): Figures {
      const all = recent(region)
      const sorted = all.map(({ ms }) => ms).sort((a, b) => a - b)
      const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
      const failed = all.filter(({ status }) => status >= 500 || status < 100).length
      return { perSecond: all.length / (windowMs / 1000), p50Ms: at(0.5), p99Ms: at(0.99), failed }
    },
  }
}
export type Traffic = ReturnType<typeof openTraffic>
