// The public face of editors: written once, in the commit that also clears the account's flag; neutral after an erasure.
import type { Account } from '../../domain/account.ts'
import { erasedByline, erasedSlug } from '../../domain/editor.ts'
import { slugClaim, slugFrom, slugTry } from '../../domain/slug.ts'
import { type Clock, instant } from '../../kit/clock.ts'
import type { Claim, Commit, Master, Write } from '../../ports/master.ts'
import { type Settled, settle, unforeseen } from './settle.ts'

const numbersTried = 3

/** Writes and claims to go into the commit of the account. */
export interface Part {
  writes: Write[]
  take: Claim[]
  release: Claim[]
}

export const nothing: Part = { writes: [], take: [], release: [] }

const claimOf = (slug: string, owner: string): Claim => ({ name: slugClaim('editor', slug), owner })

/** Whether the byline of an editor still has to be written: it never was. */
export const lacksByline = async (master: Master, account: Pick<Account, 'id' | 'roles'>): Promise<boolean> =>
  account.roles.includes('editor') && (await master.versionOf('editor', account.id)) === 0

export function firstByline(id: string, byline: string, slug: string): Part {
  return { ...nothing, writes: [{ kind: 'editor', id, expected: 0, document: { id, byline, slug } }], take: [claimOf(slug, id)] }
}

/** Null where there is none to change. The slug stays: addresses do not break because of a new name. */
export async function renamedByline(master: Master, id: string, byline: string): Promise<Part | null> {
  const editor = await master.read('editor', id)
  if (editor === null) return null
  if (editor.byline === byline) return nothing
  return { ...nothing, writes: [{ kind: 'editor', id, expected: editor.version, document: { ...editor, byline } }] }
}

export async function neutralByline(master: Master, id: string): Promise<Part> {
  const editor = await master.read('editor', id)
  if (editor === null) return nothing
  const slug = erasedSlug(id)
  return {
    writes: [{ kind: 'editor', id, expected: editor.version, document: { ...editor, byline: erasedByline, slug } }],
    take: [claimOf(slug, id)],
    release: [claimOf(editor.slug, id)],
  }
}

/** Runs a commit with one slug after the other until one is free: the name, the name with a number, at last with part of the id. */
export async function withFreeSlug(id: string, byline: string, commit: (slug: string) => Promise<Settled>): Promise<Settled> {
  const base = slugFrom(byline)
  for (let n = 1; n <= numbersTried; n++) {
    const outcome = await commit(slugTry(base, n))
    if (outcome.committed || outcome.because !== 'claimed' || outcome.name !== slugClaim('editor', slugTry(base, n))) return outcome
  }
  return commit(`${base}-${id.slice(-12)}`)
}

/** Writes the bylines that are owed: of accounts that came by another way than this service, flag and all. Returns how many. */
export async function completeBylines(master: Master, clock: Clock, signal: AbortSignal): Promise<number> {
  let written = 0
  const { documents } = await master.list('accounts', 'pending', { limit: 100 })
  for (const { id, name } of documents) {
    if (signal.aborted) break
    const outcome = await withFreeSlug(id, name, (slug) =>
      settle(master, async (): Promise<Commit> => {
        const account = await master.read('account', id)
        const base = { at: instant(clock), by: null }
        if (account === null || !account.bylinePending) return { ...base, writes: [] }
        const part = (await lacksByline(master, account)) ? firstByline(id, account.name, slug) : nothing
        const cleared: Write = { kind: 'account', id, expected: account.version, document: { ...account, bylinePending: false } }
        return { ...base, writes: [cleared, ...part.writes], claims: { take: part.take } }
      }),
    )
    if (!outcome.committed) throw unforeseen(outcome)
    written += 1
  }
  return written
}
