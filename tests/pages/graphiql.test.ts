// GraphiQL in a real browser, from our own address alone: a question is asked and answered.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { type Running, startProcess, stopProcess } from '../process.ts'
import { browserPath, openBrowser } from './browser.ts'

let folder: string
let running: Running
let browser: Browser

const withBrowser = test.skipIf(browserPath === undefined)

beforeAll(async () => {
  if (browserPath === undefined) return
  folder = await mkdtemp(join(tmpdir(), 'rcr-graphiql-'))
  ;[running, browser] = await Promise.all([startProcess(folder, { RCR_LOG: 'error' }), openBrowser()])
}, 60_000)

afterAll(async () => {
  if (browserPath === undefined) return
  await browser.close()
  await stopProcess(running)
  await rm(folder, { recursive: true, force: true })
}, 30_000)

withBrowser(
  'GraphiQL asks and shows reviews, without an error and without a request to elsewhere',
  async () => {
    const page = await browser.newPage()
    const errors: string[] = []
    const elsewhere: string[] = []
    const isOurs = (url: string) => url.startsWith(running.api) || url.startsWith('data:') || url.startsWith('blob:')
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('request', (request) => !isOurs(request.url()) && elsewhere.push(request.url()))
    // The editor shows what fits the window, so the beginning of the answer is looked for.
    await page.goto(`${running.api}/graphql`)
    await page.locator('.graphiql-execute-button').click({ timeout: 45_000 })
    await page.locator('.result-window', { hasText: 'listContent' }).waitFor({ timeout: 15_000 })
    expect(elsewhere).toEqual([])
    expect(errors).toEqual([])
  },
  90_000,
)
