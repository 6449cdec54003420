// The documentation in a real browser: every operation shown, nothing fetched from elsewhere, no error.
import { expect } from 'bun:test'
import { type Visit, visitors } from './visitor.ts'

const visitor = visitors()

/** Where the test before has left them, too: drawing all operations is what takes long. */
async function showDocs({ page, api }: Visit): Promise<void> {
  if (!page.url().startsWith(`${api}/docs`)) await page.goto(`${api}/docs`)
  await page.waitForSelector('.opblock')
}

visitor('the documentation shows every operation, without an error and without a request to elsewhere', async (at) => {
  await showDocs(at)
  const document = (await (await fetch(`${at.api}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> }
  const operations = Object.values(document.paths).flatMap((item) => Object.keys(item).filter((key) => key !== 'servers'))
  expect(await at.page.locator('.opblock').count()).toBe(operations.length)
  expect({ errors: at.errors, elsewhere: at.elsewhere }).toEqual({ errors: [], elsewhere: [] })
})

visitor('a reader of the documentation tries an operation out and sees its answer', async (at) => {
  await showDocs(at)
  const operation = at.page.locator('[id$="-listContent"]')
  await operation.locator('.opblock-summary').click()
  await operation.locator('.try-out__btn').click()
  await operation.locator('.execute').click()
  await operation.locator('.live-responses-table .response .microlight').first().waitFor()
  expect(await operation.locator('.live-responses-table').textContent()).toContain('"metadata"')
})

visitor('a reader of the documentation finds each operation as a curl line for this very server', async (at) => {
  await showDocs(at)
  const { page, api } = at
  for (const [operation, words] of [
    ['changeReview', `curl -X PATCH "${api}/api/v1/reviews/$ID"`],
    ['listContent', `curl "${api}/api/v1/content?`],
  ] as const) {
    const shown = page.locator(`[id$="-${operation}"]`)
    if (!(await shown.locator('.sample').isVisible())) await shown.locator('.opblock-summary').click()
    await shown.locator('.sample').waitFor()
    expect(await shown.locator('.sample').textContent()).toContain(words)
  }
})
