// How long faults last: `npm test` shows within seconds what `npm run test:long` shows at full size.
export const isLong = process.env.LOAD === 'long'

const seconds = (name: string, long: number, short: number) => Number(process.env[name] ?? (isLong ? long : short))

export const sizes = {
  pauseS: seconds('MATRIX_PAUSE_S', 30, 2),
  /** Of slow, faulty and cut ways. */
  faultS: seconds('MATRIX_FAULT_S', 30, 1.2),
  /** Of what is away for good. */
  downS: seconds('MATRIX_DOWN_S', 60, 4),
  /** How long it may take until all is whole. */
  wholeS: isLong ? 120 : 30,
  /** A replica is left alone for a minute, in earnest. */
  breaker: isLong ? '5/60/2' : '5/2/2',
}
