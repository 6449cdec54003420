import { expect, test } from 'bun:test'
import { startAuth } from '../services/auth/start.suite.ts'
import { bringDemoAccounts, demoPassword } from './demo.ts'

test('the demo accounts come once, also where others store them after it was looked whether they are there', async () => {
  const { master, auth, another, login, stop } = await startAuth()
  await Promise.all([bringDemoAccounts({ master }, { auth }), bringDemoAccounts({ master }, { auth: another() })])
  await bringDemoAccounts({ master }, { auth })
  expect(await login('admin@example.com', demoPassword)).toHaveProperty('accessToken')
  await stop()
})
