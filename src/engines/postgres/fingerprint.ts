// Which read model this code writes and reads: a hash over the table definitions and the mapping.
import { createHash } from 'node:crypto'
import { mappingVersion } from './rows.ts'
import { sqlText } from './sql.ts'

// What decides the bytes that end up in the tables. `mappingVersion` stands for the TypeScript of it.
const decisive = ['shared', 'tables', 'indexes', 'put-reviews', 'put-catalogue', 'put-shop', 'derive-brands', 'count-facets', 'count-words']

/** 8 hex digits: part of the name of each build's schema. */
export const fingerprint: string = createHash('sha256')
  .update([String(mappingVersion), ...decisive.map(sqlText)].join('\0'))
  .digest('hex')
  .slice(0, 8)
