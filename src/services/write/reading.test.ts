import { describe, expect, test } from 'bun:test'
import { openNewsroom } from './newsroom.suite.ts'

interface Entries {
  data: { id: string; title: string; status: string; overdue: boolean; body?: string }[]
  metadata: { limit: number; nextCursor: string | null }
  links: { self: string; next: string | null }
}

describe('an editor’s list', () => {
  test('has the own reviews, newest first, page by page, without their texts', async () => {
    await using room = await openNewsroom()
    const other = await room.hire('Bea')
    await other.asks('createReview', { body: room.text({ title: 'Of somebody else' }) })
    for (const title of ['One', 'Two', 'Three']) await room.editor.asks('createReview', { body: room.text({ title }) })
    const first = await room.editor.asks<Entries>('listReviews', { query: { limit: '2' } })
    expect(first.body.data.map(({ title, body }) => [title, body])).toEqual([
      ['Three', undefined],
      ['Two', undefined],
    ])
    expect(first.body.links.self).toBe('?limit=2')
    const query = Object.fromEntries(new URLSearchParams(first.body.links.next ?? ''))
    expect(query).toEqual({ limit: '2', cursor: first.body.metadata.nextCursor as string })
    const second = await room.editor.asks<Entries>('listReviews', { query })
    expect(second.body.data.map(({ title }) => title)).toEqual(['One'])
    expect(second.body.links.next).toBeNull()
    expect(first.position).toEqual(await room.master.head())
  })

  test('shows one status alone', async () => {
    await using room = await openNewsroom()
    await room.editor.asks('createReview', { body: room.text({ title: 'Out', status: 'published' }) })
    await room.editor.asks('createReview', { body: room.text({ title: 'In' }) })
    const drafts = await room.editor.asks<Entries>('listReviews', { query: { status: 'draft' } })
    expect(drafts.body.data.map(({ title }) => title)).toEqual(['In'])
  })

  test('shows what should be out and is not', async () => {
    await using room = await openNewsroom()
    const { body } = await room.editor.asks('createReview', { body: room.text() })
    await room.editor.asks('scheduleReview', { path: { id: body.id }, body: { publishAt: room.clock.at(60_000) }, ifMatch: [1] })
    const overdue = async () => (await room.editor.asks<Entries>('listReviews')).body.data.map((entry) => entry.overdue)
    expect(await overdue()).toEqual([false])
    room.clock.pass(70_000)
    expect(await overdue()).toEqual([true])
  })

  test('of others is for admins', async () => {
    await using room = await openNewsroom()
    const other = await room.hire('Bea')
    await room.editor.asks('createReview', { body: room.text() })
    for (const editor of ['*', room.editor.id])
      expect(await other.isRefused('listReviews', { query: { editor } })).toMatchObject({ reason: 'forbidden' })
    const admin = await room.hire('Chief', ['admin'])
    for (const editor of ['*', room.editor.id])
      expect((await admin.asks<Entries>('listReviews', { query: { editor } })).body.data).toHaveLength(1)
    expect((await admin.asks<Entries>('listReviews')).body.data).toEqual([])
  })

  test('refuses a cursor that it did not give, and an unknown parameter', async () => {
    await using room = await openNewsroom()
    expect(await room.editor.isRefused('listReviews', { query: { cursor: 'nonsense' } })).toMatchObject({ reason: 'invalid' })
    expect(await room.editor.isRefused('listReviews', { query: { limit: '101' } })).toMatchObject({ reason: 'invalid' })
    expect(await room.editor.isRefused('listReviews', { query: { sort: 'x' } })).toMatchObject({ reason: 'invalid' })
  })
})

test('an author reads the draft as it was just written', async () => {
  await using room = await openNewsroom()
  const { body } = await room.editor.asks('createReview', { body: room.text() })
  const read = await room.editor.asks('readReview', { path: { id: body.id } })
  expect(read).toEqual({ body, version: 1, position: await room.master.head() })
})
