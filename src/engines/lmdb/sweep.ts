// Removes what has expired: private documents and idempotency records.
import { move } from './commit.ts'
import { guarded } from './failure.ts'
import { keyOf, partsOf } from './keys.ts'
import { type Head, valueAt } from './records.ts'
import type { Store } from './store.ts'

// Writers wait for a sweep no longer than for a big commit.
const atOnce = 200

export async function sweep(store: Store, now: string): Promise<number> {
  const end = keyOf(`${new Date(now).toISOString()}\u0001`)
  let removed = 0
  while (true) {
    const { result: round } = await guarded(store.folder, () =>
      store.transact(() => {
        const due = [...store.expiry.getKeys({ end, limit: atOnce })]
        for (const key of due) remove(store, key)
        return due.length
      }),
    )
    removed += round
    if (round < atOnce) return removed
  }
}

// Each rewrite of a record removes its old expiry, so whatever is named here is what expires here.
function remove(store: Store, expiry: Buffer): void {
  const [, kind = '', id = ''] = partsOf(expiry)
  store.expiry.removeSync(expiry)
  if (kind === 'repeat') {
    store.repeats.removeSync(keyOf(id))
    return
  }
  const key = keyOf(kind, id)
  move(store, kind, id, valueAt<Head>(store.documents, key)?.places ?? [], [])
  store.documents.removeSync(key)
}
