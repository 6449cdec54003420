// Money: whole minor units inside (cents), a decimal number on the wire.
import { z } from 'zod'

// ISO 4217: the currencies that do not have two digits behind the point.
const digits: Readonly<Record<string, number>> = Object.fromEntries([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3] as const),
])

/** The code of a currency (ISO 4217): `USD`. */
export const Currency = z.string().regex(/^[A-Z]{3}$/, { message: 'Use a code of three capital letters: USD.' })

const digitsOf = (currency: string): number => digits[currency] ?? 2

/** As it is asked for and shown. With it fifty lines of a thousand pieces each add up to a safe integer in every currency. */
export const amountMax = 10_000_000
export const Amount = z.number().positive().max(amountMax)

export const decimalOf = (minor: number, currency: string): number => minor / 10 ** digitsOf(currency)

/** Null where the currency has no coin so small. */
export function minorOf(decimal: number, currency: string): number | null {
  const minor = Math.round(decimal * 10 ** digitsOf(currency))
  return decimalOf(minor, currency) === decimal ? minor : null
}
