// The documentation in a real browser: every operation shown, nothing fetched from elsewhere, no error.
import { expect } from 'bun:test'
import { visitors } from './visitor.ts'

const visitor = visitors()

visitor('the documentation shows every operation, without an error and without a request to elsewhere', async (at) => {
  await at.page.goto(`${at.api}/docs`)
  await at.page.waitForSelector('.opblock')
  const document = (await (await fetch(`${at.api}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> }
  const operations = Object.values(document.paths).flatMap((item) => Object.keys(item).filter((key) => key !== 'servers'))
  expect(await at.page.locator('.opblock').count()).toBe(operations.length)
  expect({ errors: at.errors, elsewhere: at.elsewhere }).toEqual({ errors: [], elsewhere: [] })
})

visitor('a reader of the documentation tries an operation out and sees its answer', async ({ page, api }) => {
  await page.goto(`${api}/docs`)
  const operation = page.locator('[id$="-listContent"]')
  await operation.locator('.opblock-summary').click()
  await operation.locator('.try-out__btn').click()
  await operation.locator('.execute').click()
  await operation.locator('.live-responses-table .response .microlight').first().waitFor()
  expect(await operation.locator('.live-responses-table').textContent()).toContain('"metadata"')
})

visitor('a reader of the documentation finds each operation as a curl line for this very server', async ({ page, api }) => {
  await page.goto(`${api}/docs`)
  for (const [operation, words] of [
    ['changeReview', `curl -X PATCH "${api}/api/v1/reviews/$ID"`],
    ['listContent', `curl "${api}/api/v1/content?`],
  ] as const) {
    const shown = page.locator(`[id$="-${operation}"]`)
    await shown.locator('.opblock-summary').click()
    await shown.locator('.sample').waitFor()
    expect(await shown.locator('.sample').textContent()).toContain(words)
  }
})
