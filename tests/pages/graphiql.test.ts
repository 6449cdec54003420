// GraphiQL in a real browser, from our own address alone: a question is asked and answered.
import { expect } from 'bun:test'
import { visitors } from './visitor.ts'

const visitor = visitors()

visitor('GraphiQL asks and shows reviews, without an error and without a request to elsewhere', async (at) => {
  await at.page.goto(`${at.api}/graphql`)
  await at.page.locator('.graphiql-execute-button').click({ timeout: 45_000 })
  // The editor shows what fits the window, so the beginning of the answer is looked for.
  await at.page.locator('.result-window', { hasText: 'listContent' }).waitFor({ timeout: 15_000 })
  expect({ errors: at.errors, elsewhere: at.elsewhere }).toEqual({ errors: [], elsewhere: [] })
})
