// Structured logs: one JSON line per event on standard output; nothing secret by construction.
import pino from 'pino'

type Fields = Readonly<Record<string, unknown>>

export interface Log {
  debug(event: string, fields?: Fields): void
  info(event: string, fields?: Fields): void
  warn(event: string, fields?: Fields): void
  /** `fields.error` takes anything thrown and keeps its stack and causes. */
  error(event: string, fields?: Fields): void
  /** The same log with fields on every line. */
  with(fields: Fields): Log
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

// A field of such a name never reaches a log, however deep a caller put it (two levels are searched).
const secretNames = [
  'password',
  'passwordHash',
  'accessToken',
  'refreshToken',
  'authorization',
  'cookie',
  'email',
  'token',
  'jwk',
  'secret',
]

export function openLog(level: LogLevel, write: (line: string) => void = (line) => process.stdout.write(line)): Log {
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'event',
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describe },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '***' },
    },
    { write },
  )
  return wrap(root)
}

/** Says nothing: for tests that do not look at logs. */
export const silentLog: Log = openLog('silent')

function wrap(logger: pino.Logger): Log {
  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
    with: (fields) => wrap(logger.child(fields)),
  }
}

function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const { name, message, stack, cause } = error
  const code = 'code' in error ? { code: error.code } : {}
  return { name, message, ...code, stack, ...(cause === undefined ? {} : { cause: describe(cause) }) }
}
