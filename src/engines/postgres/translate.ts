// What PostgreSQL and its driver throw, translated once, by code: outages and refusals of the server become Refusals.
import { Refusal } from '../../kit/refusal.ts'

// Classes and codes of https://www.postgresql.org/docs/current/errcodes-appendix.html.
const unavailable = [
  /^08/, // connection exceptions
  /^53(?!100)/, // insufficient resources (53300: too many connections), the full disk aside
  /^57P0[1-5]$/, // shut down, crashed, still starting, database dropped, idle session ended
  /^25(006|P03)$/, // a standby answered where a primary was expected; an idle transaction was ended
  /^40/, // serialisation, deadlock, cancelled by recovery
  /^55P03$/, // lock not available in time
  /^58/, // the system beneath: a disk that does not read, a file that is missing
  /^XX00[12]$/, // damaged pages, a damaged index: another database has its own
]
const network = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENOENT',
])
// The driver throws these without a code.
const driver = [
  /^timeout exceeded when trying to connect/,
  /^Connection terminated/,
  /^Query read timeout/,
  /^Client has encountered a connection error/,
  /^Client was closed/,
]

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** A Refusal for what the caller should expect, else the error itself. */
export function translate(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error
  const code = codeOf(error)
  if (code === '57014') return new Refusal('late', 'The database took too long.', { cause: error })
  if (code === '53100') return new Refusal('full', 'The database has no room left.', { cause: error })
  const down =
    network.has(code) ||
    unavailable.some((pattern) => pattern.test(code)) ||
    (code === '' && driver.some((pattern) => pattern.test(error.message)))
  return down ? new Refusal('unavailable', 'The database does not answer now.', { retryAfterS: 1, cause: error }) : error
}

/** Nobody was asked: this process leaves the database alone for a while. */
export class Resting extends Refusal {}

/** Only the driver's own clock says that the database does not answer, and that runs on while this process stands still. */
export const isDriversPatience = (error: unknown): boolean =>
  error instanceof Refusal &&
  error.cause instanceof Error &&
  /^(?:Query read timeout|timeout exceeded when trying to connect|Connection terminated due to connection timeout)/.test(
    error.cause.message,
  )

/** A database that is down, or has no room left to sort in. Neither a build that it has not got yet, nor a row that replay had to take away (40001), says so. */
export const isOutage = (error: unknown): boolean =>
  error instanceof Refusal &&
  (error.reason === 'unavailable' || error.reason === 'full') &&
  error.code !== 'not-built' &&
  codeOf(error.cause) !== '40001'

/** The data is at fault, not the statement nor the server: trying again cannot help. */
export const isDataFault = (error: unknown): boolean => /^(2[123]|54)...$/.test(codeOf(error))

/** A table or schema is not there: the build was dropped. */
export const isGone = (error: unknown): boolean => ['42P01', '3F000'].includes(codeOf(error))
