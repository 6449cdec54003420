// The payment house over HTTP: see `ports/payment.ts` for what it promises, and `docs/shop.md` for what is asked of a house.
import { breaker } from '../../kit/breaker.ts'
import type { Clock, RandomBytes } from '../../kit/clock.ts'
import { within } from '../../kit/deadline.ts'
import type { Metrics } from '../../kit/metric.ts'
import { Refusal } from '../../kit/refusal.ts'
import type { Charge, Payments } from '../../ports/payment.ts'

export interface HouseOptions {
  url: string
  /** Sent as a bearer token. */
  key: string | null
  clock: Clock
  random: RandomBytes
  metrics: Metrics
  /** Of one request. */
  deadlineMs?: number
}

/** What the house says of a charge. */
interface Told {
  key: string
  amountMinor: number
  currency: string
  status: 'charged' | 'declined' | 'refunded'
}

const attempts = 3
const pauseMs = 100

export function openPaymentHouse({ url, key, clock, random, metrics, deadlineMs = 3_000 }: HouseOptions): Payments {
  const timer = metrics.timer('rcr_payment_seconds', 'Time for a request to the payment house, by outcome.', ['method', 'outcome'])
  const circuit = breaker({ failures: 5, openMs: 5_000, successes: 1, clock, isFailure: isAway, refusal: resting })

  async function send(method: string, path: string, body: object | null): Promise<Response> {
    const over = new AbortController()
    const init = {
      method,
      headers: {
        accept: 'application/json',
        ...(body !== null && { 'content-type': 'application/json' }),
        ...(key !== null && { authorization: `Bearer ${key}` }),
      },
      ...(body !== null && { body: JSON.stringify(body) }),
      redirect: 'error' as const,
      signal: over.signal,
    }
    // The body too must be there in time.
    const whole = fetch(url + path, init).then(async (response) => new Response(await response.text(), { status: response.status }))
    whole.catch(() => {}) // when it is late, nobody listens any more
    return within(clock, deadlineMs, whole, () => new Error('The payment house did not answer in time.')).finally(() => over.abort())
  }

  /** Null where the house knows no such charge. */
  const ask = (method: 'GET' | 'PUT', path: string, charge: Charge, body: object | null = null): Promise<Told | null> =>
    circuit.run(async () => {
      const startedMs = clock.monotonic()
      const response = await send(method, path, body).catch((cause: unknown) => {
        throw away(cause)
      })
      timer.labels(method, String(response.status)).observe((clock.monotonic() - startedMs) / 1000)
      if (response.status === 429 || response.status >= 500) throw away(new Error(`The payment house answered ${response.status}.`))
      if (response.status === 404 && method === 'GET') return null
      if (response.status !== 200)
        throw new Error(`The payment house answered ${response.status}: ${(await response.text()).slice(0, 300)}`)
      return meant(await response.text(), charge)
    })

  /** What came of an attempt is not known when it fails, and the next begins by asking. */
  async function patiently(charge: Charge, attempt: (known: Told | null) => Promise<Told | null>): Promise<Told> {
    for (let number = 1; ; number++) {
      try {
        const known = number === 1 ? null : await ask('GET', pathOf(charge), charge)
        const told = await attempt(known)
        if (told !== null) return told
      } catch (error) {
        if (!isAway(error) || isResting(error) || number === attempts) throw error
        await clock.sleep(Math.ceil((pauseMs * 2 ** number * ((random(1)[0] ?? 0) + 1)) / 256))
      }
    }
  }

  return {
    async charge(charge) {
      const { amountMinor, currency, token } = charge
      const told = await patiently(charge, async (known) => known ?? ask('PUT', pathOf(charge), charge, { amountMinor, currency, token }))
      return told.status === 'declined' ? 'declined' : 'charged'
    },
    async refund(charge) {
      const told = await patiently(charge, async (known) =>
        known?.status === 'refunded' ? known : ask('PUT', `${pathOf(charge)}/refund`, charge, {}),
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

const restingCode = 'payment-house-resting'
const away = (cause: unknown) =>
  new Refusal('unavailable', 'The payment house does not answer.', { code: 'payment-house', retryAfterS: 5, cause })
const resting = () => new Refusal('unavailable', 'The payment house has not answered for a while.', { code: restingCode, retryAfterS: 5 })
const isAway = (error: unknown): boolean => error instanceof Refusal && error.reason === 'unavailable'
const isResting = (error: unknown): boolean => error instanceof Refusal && error.code === restingCode
