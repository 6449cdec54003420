// What the page tests share: the system as a process of its own, and a real Chromium that notes whatever a page does wrong.
import { afterAll, beforeAll, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { testPostgres } from '../postgres.ts'
import { startProcess, stopProcess } from '../process.ts'

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((place) => existsSync(place))

/** Nothing in it calls home. */
const quietly = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Visit {
  page: Page
  /** `http://127.0.0.1:…` */
  api: string
  /** Said on the console or thrown by scripts so far. */
  errors: readonly string[]
  /** Addresses of other hosts that were asked for so far. */
  elsewhere: readonly string[]
}

/**
 * Tests of one file, over one system and one page of a browser: a page that is opened anew is drawn anew, for seconds. Where the machine
 * has no Chromium they are skipped, and the set-up fails in CI.
 */
export function visitors(): (name: string, visit: (at: Visit) => Promise<void>) => void {
  const stack = new AsyncDisposableStack()
  let at: Visit

  beforeAll(async () => {
    if (browserPath === undefined) return
    const folder = await mkdtemp(join(tmpdir(), 'rcr-pages-'))
    stack.defer(() => rm(folder, { recursive: true, force: true }))
    const database = await (await testPostgres()).database()
    stack.defer(() => database.drop())
    const [running, browser] = await Promise.all([
      startProcess(folder, { RCR_LOG: 'error', DATABASE_URL: database.url }),
      chromium.launch({ executablePath: browserPath, args: quietly }),
    ])
    stack.defer(async () => void (await stopProcess(running)))
    stack.defer(() => browser.close())
    at = await visitTo(running.api, browser)
  }, 60_000)
  afterAll(() => stack.disposeAsync(), 30_000)

  return (name, visit) => test.skipIf(browserPath === undefined)(name, () => visit(at), 90_000)
}

async function visitTo(api: string, browser: Browser): Promise<Visit> {
  const page = await browser.newPage()
  const errors: string[] = []
  const elsewhere: string[] = []
  const isOurs = (url: string) => url.startsWith(api) || url.startsWith('data:') || url.startsWith('blob:')
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('request', (request) => !isOurs(request.url()) && elsewhere.push(request.url()))
  return { page, api, errors, elsewhere }
}
