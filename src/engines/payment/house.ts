// The payment house over HTTP: see `ports/payment.ts` for what it promises, and `docs/shop.md` for what is asked of a house.
import type { Clock } from '../../kit/clock.ts'
import type { Metrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { OpenDependency } from '../../kit/resilience.ts'
import type { Charge, Payments } from '../../ports/payment.ts'

export interface HouseOptions {
  url: string
  /** Sent as a bearer token. */
  key: string | null
  clock: Clock
  metrics: Metrics
  dependency: OpenDependency
}

/** What the house says of a charge. */
interface Told {
  key: string
  amountMinor: number
  currency: string
  status: 'charged' | 'declined' | 'refunded'
}

export function openPaymentHouse({ url, key, clock, metrics, dependency }: HouseOptions): Payments {
  const timer = metrics.timer('rcr_payment_seconds', 'Time for a request to the payment house, by outcome.', ['method', 'outcome'])
  const late = () => away(new Error('The payment house did not answer in time.'))
  const house = dependency({ isFailure: isAway, isPassing: isAway, resting, late })

  async function send(method: string, path: string, body: object | null, signal: AbortSignal) {
    const init = {
      method,
      headers: {
        accept: 'application/json',
        ...(body !== null && { 'content-type': 'application/json' }),
        ...(key !== null && { authorization: `Bearer ${key}` }),
      },
      ...(body !== null && { body: JSON.stringify(body) }),
      redirect: 'error' as const,
      signal,
    }
    const response = await fetch(url + path, init)
    return { status: response.status, text: await response.text() }
  }

  /** Null where the house knows no such charge. */
  const asked =
    (signal: AbortSignal, charge: Charge) =>
    async (method: 'GET' | 'PUT', path: string, body: object | null = null) => {
      const startedMs = clock.monotonic()
      const { status, text } = await send(method, path, body, signal).catch((cause: unknown) => {
        throw away(cause)
      })
      timer.labels(method, String(status)).observe((clock.monotonic() - startedMs) / 1000)
      if (status === 429 || status >= 500) throw away(new Error(`The payment house answered ${status}.`))
      if (status === 404 && method === 'GET') return null
      if (status !== 200) throw new Error(`The payment house answered ${status}: ${text.slice(0, 300)}`)
      return meant(text, charge)
    }

  /** What came of a try is not known when it fails, and the next begins by asking. */
  const patiently = (charge: Charge, attempt: (known: Told | null, ask: ReturnType<typeof asked>) => Promise<Told | null>): Promise<Told> =>
    house.ask(async (signal, number) => {
      const ask = asked(signal, charge)
      const known = number === 1 ? null : await ask('GET', pathOf(charge))
      const told = await attempt(known, ask)
      if (told === null) throw new Error('The payment house does not know what it was told.')
      return told
    })

  return {
    async charge(charge) {
      const { amountMinor, currency, token } = charge
      const told = await patiently(charge, async (known, ask) => known ?? ask('PUT', pathOf(charge), { amountMinor, currency, token }))
      return told.status === 'declined' ? 'declined' : 'charged'
    },
    async refund(charge) {
      const told = await patiently(charge, async (known, ask) =>
        known?.status === 'refunded' ? known : ask('PUT', `${pathOf(charge)}/refund`, {}),
      )
      if (told.status !== 'refunded') throw new Error(`The payment house says of a refund that it is ${told.status}.`)
    },
  }
}

const pathOf = ({ key }: Charge) => `/charges/${encodeURIComponent(key)}`

/** Throws where it is no word about this charge: nothing may follow from it. */
function meant(text: string, { key, amountMinor, currency }: Charge): Told {
  const told = JSON.parse(text) as Partial<Told>
  const isMeant = told.key === key && told.amountMinor === amountMinor && told.currency === currency
  if (isMeant && ['charged', 'declined', 'refunded'].includes(told.status ?? '')) return told as Told
  throw new Error(`The payment house does not speak of this charge: ${text.slice(0, 300)}`)
}

const away = (cause: unknown) =>
  new Refusal('unavailable', 'The payment house does not answer.', { code: 'payment-house', retryAfterS: 5, cause })
const resting = () =>
  new Refusal('unavailable', 'The payment house has not answered for a while.', { code: 'payment-house-resting', retryAfterS: 5 })
const isAway = (error: unknown): boolean => error instanceof Refusal && error.reason === 'unavailable'
