// rcr payment-house: the sandbox alone, for whoever builds on the shop and wants to see a house in trouble.
import { Refusal } from '../kit/refusal.ts'
import { openSandboxHouse } from '../system/engines.ts'
import { type Command, readFlags } from './command.ts'

export const paymentHouse: Command = {
  name: 'payment-house',
  usage: 'payment-house [--port <number>]',
  summary: 'Runs a payment house without money, with moods to try.',
  help: `On loopback, in memory, until Ctrl-C. Point RCR_PAYMENT_URL at it; PUT /mood {"mood":"silent"} puts it in a mood: see docs/shop.md.
--port: 4010 by default.`,
  async run({ flags, say, signal }) {
    const { port = '4010' } = readFlags(flags, { port: 'text' })
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Refusal('invalid', `--port must be a number up to 65535 (is: ${port}).`)
    await using stack = new AsyncDisposableStack()
    say(`The payment house listens: RCR_PAYMENT_URL=${await openSandboxHouse(Number(port), stack)}`)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    return 0
  },
}
