// The documentation in a real browser: every operation shown, nothing fetched from elsewhere, no error.
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
  folder = await mkdtemp(join(tmpdir(), 'rcr-docs-'))
  ;[running, browser] = await Promise.all([startProcess(folder, { RCR_LOG: 'error' }), openBrowser()])
}, 60_000)

afterAll(async () => {
  if (browserPath === undefined) return
  await browser.close()
  await stopProcess(running)
  await rm(folder, { recursive: true, force: true })
}, 30_000)

withBrowser(
  'the documentation shows every operation, without an error and without a request to elsewhere',
  async () => {
    const page = await browser.newPage()
    const errors: string[] = []
    const elsewhere: string[] = []
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    page.on('pageerror', (error) => errors.push(error.message))
    page.on(
      'request',
      (request) => !request.url().startsWith(running.api) && !request.url().startsWith('data:') && elsewhere.push(request.url()),
    )
    await page.goto(`${running.api}/docs`)
    await page.waitForSelector('.opblock')
    const document = (await (await fetch(`${running.api}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> }
    const operations = Object.values(document.paths).flatMap((item) => Object.keys(item).filter((key) => key !== 'servers'))
    expect(await page.locator('.opblock').count()).toBe(operations.length)
    expect({ errors, elsewhere }).toEqual({ errors: [], elsewhere: [] })
    await page.close()
  },
  60_000,
)

withBrowser(
  'a reader of the documentation tries an operation out and sees its answer',
  async () => {
    const page = await browser.newPage()
    await page.goto(`${running.api}/docs`)
    const operation = page.locator('[id$="-listContent"]')
    await operation.locator('.opblock-summary').click()
    await operation.locator('.try-out__btn').click()
    await operation.locator('.execute').click()
    await operation.locator('.live-responses-table .response .microlight').first().waitFor()
    expect(await operation.locator('.live-responses-table').textContent()).toContain('"metadata"')
    await page.close()
  },
  60_000,
)

withBrowser(
  'a reader of the documentation finds each operation as a curl line for this very server',
  async () => {
    const page = await browser.newPage()
    await page.goto(`${running.api}/docs`)
    for (const [operation, words] of [
      ['changeReview', `curl -X PATCH "${running.api}/api/v1/reviews/$ID"`],
      ['listContent', `curl "${running.api}/api/v1/content?`],
    ] as const) {
      const shown = page.locator(`[id$="-${operation}"]`)
      await shown.locator('.opblock-summary').click()
      await shown.locator('.sample').waitFor()
      expect(await shown.locator('.sample').textContent()).toContain(words)
    }
    await page.close()
  },
  60_000,
)
