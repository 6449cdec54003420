// The shop of the demo: one command, with a payment house of its own that remembers.
import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/kit/clock.ts'
import { signIn } from '../newsroom.ts'
import { post, rcr, startProcess, stopProcess } from '../process.ts'

test('a customer of the demo buys, and gets the money back after a restart', async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'rcr-demo-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  const first = await startProcess(folder, { RCR_LOG: 'error' })
  stack.defer(() => void first.child.kill('SIGKILL'))
  const product = (await (await fetch(`${first.api}/products/canon-rf-50mm-f1-8`)).json()) as { id: string }
  const authorization = await signIn(first.api, 'customer@example.com')
  const items = [{ productId: product.id, quantity: 1 }]
  const bought = await post(`${first.api}/orders`, { items }, { authorization, 'idempotency-key': 'demo-1' })
  const order = (await bought.json()) as { id: string; status: string }
  expect([bought.status, order.status]).toEqual([201, 'paid'])
  expect(await stopProcess(first)).toBe(0)
  expect(existsSync(join(folder, 'payments.jsonl'))).toBeTrue()

  const second = await startProcess(folder, { RCR_LOG: 'error' })
  stack.defer(() => void second.child.kill('SIGKILL'))
  const headers = { authorization: await signIn(second.api, 'customer@example.com') }
  const refunded = await fetch(`${second.api}/orders/${order.id}/refund`, { method: 'POST', headers })
  expect([refunded.status, await refunded.json()]).toMatchObject([200, { id: order.id, status: 'refunded' }])
  expect(await stopProcess(second)).toBe(0)
}, 60_000)

test('the house alone is a command, and can be put in a mood', async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'rcr-house-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const house = rcr(folder, ['payment-house', '--port', '0'])
  stack.defer(() => void house.child.kill('SIGKILL'))
  const listening = /RCR_PAYMENT_URL=(\S+)/
  while (!listening.test(house.output())) await systemClock.sleep(5)
  const url = listening.exec(house.output())?.[1]
  const put = async (path: string, body: object) => {
    const response = await fetch(`${url}${path}`, { method: 'PUT', body: JSON.stringify(body) })
    return [response.status, await response.json()]
  }
  const charge = { amountMinor: 100, currency: 'USD', token: null }
  expect(await put('/mood', { mood: 'declining' })).toEqual([200, { mood: 'declining' }])
  expect(await put('/charges/a', charge)).toEqual([200, { key: 'a', amountMinor: 100, currency: 'USD', status: 'declined' }])
  expect((await put('/mood', { mood: 'merry' }))[0]).toBe(400)
  house.child.kill('SIGTERM')
  expect(await house.ended).toBe(0)
}, 30_000)
