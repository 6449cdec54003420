// Documents: read, judged and kept, so that one that comes again costs nothing; and those that are known by their hash.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { LRUCache } from 'lru-cache'
import { Refusal } from '../../kit/refusal.ts'
import { charactersMax, demandModest, tokensMax } from './limits.ts'
import type { Question } from './schema.ts'

export interface Library {
  /** A document that may be executed. Throws a refusal, or the list of its faults. */
  read(text: string): DocumentNode
  /** The text of a trusted document; refuses an unknown id. */
  trusted(id: string): string
}

/** Why a document is not valid. */
export class Faulty extends Error {
  readonly faults: readonly GraphQLError[]
  constructor(faults: readonly GraphQLError[]) {
    super('the document is not valid')
    this.faults = faults
  }
}

export interface LibraryParts {
  schema: GraphQLSchema
  questions: ReadonlyMap<string, Question>
  /** Whether the schema may be asked about, and faults may name what would have been right. */
  explorable: boolean
  documents: readonly string[]
}

// Trees weigh about a hundred times their text.
const keptCharacters = 250_000
const faultsMax = 20

export function openLibrary({ schema, questions, explorable, documents }: LibraryParts): Library {
  const kept = new LRUCache<string, DocumentNode>({ maxSize: keptCharacters, sizeCalculation: (_document, text) => text.length + 1 })
  const rules = explorable ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]
  const judge = (text: string): DocumentNode => {
    const document = parsed(text)
    demandModest(document, questions)
    const faults = validate(schema, document, rules, { maxErrors: faultsMax, hideSuggestions: !explorable })
    if (faults.length > 0) throw new Faulty(faults)
    return document
  }
  const trusted = new Map(documents.map((text) => [documentId(text), text]))
  for (const text of trusted.values()) judge(text)
  return {
    read(text) {
      const known = kept.get(text)
      if (known !== undefined) return known
      const document = judge(text)
      kept.set(text, document)
      return document
    },
    trusted(id) {
      const text = trusted.get(id)
      if (text === undefined) throw new Refusal('missing', 'There is no document of this id.', { code: 'unknown-document' })
      return text
    },
  }
}

function parsed(text: string): DocumentNode {
  if (text.length > charactersMax)
    throw new Refusal('too-large', `A document has at most ${charactersMax} characters.`, { code: 'document-too-long' })
  try {
    return parse(text, { maxLexicalTokens: tokensMax })
  } catch (thrown) {
    if (!(thrown instanceof GraphQLError)) throw thrown
    if (thrown.message.includes(`more than ${tokensMax} tokens`))
      throw new Refusal('invalid', `A document has at most ${tokensMax} tokens.`, { code: 'too-many-tokens' })
    throw new Faulty([thrown])
  }
}

/** As GraphQL over HTTP names persisted documents: by the hash of their text, to the last byte. */
export const documentId = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Every `.graphql` of a folder; none where there is no such folder. */
export function readDocuments(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.graphql'))
    return names.map((name) => readFileSync(`${folder}/${name}`, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
