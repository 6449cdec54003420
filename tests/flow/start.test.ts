// `npm start` as an operator uses it: a new folder, no settings but free ports; then a stop, a warm start, and wrong uses.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { post, rcr, startProcess, stopProcess } from '../process.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rcr-start-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const content = async (api: string) => ((await (await fetch(`${api}/api/v1/content`)).json()) as { data: unknown[] }).data

describe('rcr start', () => {
  test('in a new folder serves the first data; SIGTERM ends it in order; a second start on the same data says so', async () => {
    const first = await startProcess(folder)
    const data = await content(first.api)
    expect(data.length).toBeGreaterThanOrEqual(12)
    expect((await fetch(`${first.ops}/healthz`)).status).toBe(200)
    expect(await (await fetch(`${first.ops}/metrics`)).text()).toContain('rcr_request_seconds')
    expect((await fetch(`${first.api}/metrics`)).status).toBe(404)
    expect((await fetch(`${first.api}/openapi.json`)).status).toBe(200)

    const second = rcr(folder, ['start'])
    expect(await second.ended).toBe(1)
    expect(second.output()).toContain(folder)

    expect(await stopProcess(first)).toBe(0)
    const warm = await startProcess(folder)
    expect(await content(warm.api)).toEqual(data)
    expect(await stopProcess(warm)).toBe(0)
  }, 60_000)

  test('shows operators their pages on loopback, wherever the API is, unless told another address', async () => {
    const elsewhere = await startProcess(folder, { RCR_HOST: '127.0.0.3' })
    expect(elsewhere.api).toStartWith('http://127.0.0.3:')
    expect(elsewhere.ops).toStartWith('http://127.0.0.1:')
    expect(await stopProcess(elsewhere)).toBe(0)
    const told = await startProcess(folder, { RCR_OPS_HOST: '127.0.0.2' })
    expect(told.api).toStartWith('http://127.0.0.1:')
    expect(told.ops).toStartWith('http://127.0.0.2:')
    expect(await stopProcess(told)).toBe(0)
  }, 60_000)

  test('does not start in production beside demo accounts, nor beyond loopback with them', async () => {
    const settings = { RCR_MODE: 'production', RCR_SECRET: 'x'.repeat(40), RCR_PUBLIC_URL: 'https://api.example.com' }
    const production = rcr(folder, ['start'], settings)
    expect(await production.ended).toBe(1)
    expect(production.output()).toContain('demo accounts')
    const open = rcr(folder, ['start'], { RCR_HOST: '0.0.0.0' })
    expect(await open.ended).toBe(1)
    expect(open.output()).toContain('RCR_MODE=production')
  }, 30_000)

  test('names every wrong setting, flag and command with the fix', async () => {
    const settings = rcr(folder, ['start'], { RCR_HTTP_PORT: '99999', RCR_LOG: 'loud', RCR_PROT: '1' })
    expect(await settings.ended).toBe(1)
    for (const said of ['RCR_HTTP_PORT', 'RCR_LOG', 'RCR_PROT']) expect(settings.output()).toContain(said)
    const flag = rcr(folder, ['start', '--port', '80'])
    expect(await flag.ended).toBe(1)
    expect(flag.output()).toContain('--port')
    const command = rcr(folder, ['strat'])
    expect(await command.ended).toBe(1)
    expect(command.output()).toContain('start')
    const help = rcr(folder, ['--help'])
    expect(await help.ended).toBe(0)
    expect(help.output()).toContain('RCR_DATA')
  })
})

test('rcr user add makes the first admin, who signs in after choosing a password', async () => {
  const added = rcr(folder, ['user', 'add', '--email', 'first.admin@example.com', '--name', 'First Admin', '--roles', 'admin'])
  expect(await added.ended).toBe(0)
  const token = /: (\S+)\s*$/.exec(added.output())?.[1]
  const running = await startProcess(folder)
  const password = 'a long new password'
  expect((await post(`${running.api}/auth/reset`, { token, newPassword: password })).status).toBe(204)
  expect((await post(`${running.api}/auth/login`, { email: 'first.admin@example.com', password })).status).toBe(200)
  expect(await stopProcess(running)).toBe(0)
}, 30_000)
