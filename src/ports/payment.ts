// The payment house: whoever moves the customers' money.
//
// Promises of every engine, checked by `tests/contracts/payment.test.ts`:
// - One key, one charge: however often a charge or its refund is asked for, by however many, at once or after any failure, money
//   moves once.
// - An answer is the house's own word. Where it is not known what became of a charge, the house is asked, and if it does not answer
//   that is a refusal, `unavailable`: the money may have moved or not. Ask again with the same key.
// - What was declined stays declined.
// - A house in trouble is not asked again and again: while it does not answer, refusals come at once (code `payment-house-resting`).

export interface Charge {
  /** Names the charge, and its refund. At most 100 visible ASCII characters. */
  key: string
  amountMinor: number
  currency: string
  /** What the house knows the means of payment by; null for the one that it has on file. */
  token: string | null
}

export interface Payments {
  charge(charge: Charge): Promise<'charged' | 'declined'>
  /** Gives back the whole of what was charged. */
  refund(charge: Charge): Promise<void>
}
