// What a document may ask for, counted before anything is executed.
//
// Fragments are counted wherever they are spread, each looked at once, so that no nest of them makes the counting itself costly.
import { type DocumentNode, type FieldNode, type FragmentDefinitionNode, Kind, type SelectionNode, type SelectionSetNode } from 'graphql'
import { Refusal } from '../../kit/refusal.ts'
import type { Question } from './schema.ts'

export const tokensMax = 2000
export const charactersMax = 20_000
export const depthMax = 10
export const aliasesMax = 20
/**
 * A field costs 1, that of an entry as often as there may be entries; a query costs 100 more, a command 1,000. So two pages of a
 * hundred whole entries, or twenty small questions, or five commands.
 */
export const costMax = 6000
const operationCost = { query: 100, command: 1000 } as const

// Where the entries of an answer stand.
const listFields = ['nodes', 'edges', 'data']

interface Size {
  depth: number
  aliases: number
  cost: number
  /** Part of the cost that comes once for each entry. */
  costOfEntry: number
}

const nothing: Size = { depth: 0, aliases: 0, cost: 0, costOfEntry: 0 }

/** Refuses a document that asks for too much, whichever of its operations is meant. */
export function demandModest(document: DocumentNode, questions: ReadonlyMap<string, Question>): void {
  const size = measure(document, questions)
  const bounds = [
    ['depth', depthMax, 'too-deep', 'Fields are nested'],
    ['aliases', aliasesMax, 'too-many-aliases', 'Aliases are'],
    ['cost', costMax, 'too-costly', 'The cost of the document is'],
  ] as const
  for (const [what, most, code, words] of bounds)
    if (size[what] > most)
      throw new Refusal('invalid', `${words} ${size[what]}, and at most ${most} are allowed.`, {
        code,
        facts: { [what]: size[what], most },
      })
}

function measure(document: DocumentNode, questions: ReadonlyMap<string, Question>): Size {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of document.definitions) if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  const measured = new Map<string, Size>()

  const ofSet = (set: SelectionSetNode | undefined, isRoot: boolean): Size =>
    (set?.selections ?? []).reduce((sum, selection) => beside(sum, ofSelection(selection, isRoot)), nothing)

  const ofSelection = (selection: SelectionNode, isRoot: boolean): Size => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return ofSet(selection.selectionSet, isRoot)
    if (selection.kind === Kind.FRAGMENT_SPREAD) return ofFragment(selection.name.value)
    return ofField(selection, isRoot)
  }

  const ofFragment = (name: string): Size => {
    const known = measured.get(name)
    if (known !== undefined) return known
    const fragment = fragments.get(name)
    measured.set(name, nothing) // one that spreads itself is refused elsewhere
    const size = fragment === undefined ? nothing : ofSet(fragment.selectionSet, isRootType(fragment.typeCondition.name.value))
    measured.set(name, size)
    return size
  }

  const ofField = (field: FieldNode, isRoot: boolean): Size => {
    const name = field.name.value
    const aliases = field.alias === undefined ? 0 : 1
    // Introspection, where it is open, nests deeper than any question; GraphQL itself bounds it.
    if (isRoot && (name === '__schema' || name === '__type')) return { ...nothing, depth: 1, aliases, cost: operationCost.query }
    const question = isRoot ? questions.get(name) : undefined
    const below = ofSet(field.selectionSet, false)
    const cost = below.cost + below.costOfEntry * entriesOf(field, question)
    const size = { depth: 1 + below.depth, aliases: aliases + below.aliases, costOfEntry: 0 }
    if (question !== undefined) return { ...size, cost: 1 + operationCost[question.operation.kind] + cost }
    return listFields.includes(name) ? { ...size, cost: 1, costOfEntry: cost } : { ...size, cost: 1 + cost }
  }

  return document.definitions.reduce(
    (most, node) => (node.kind === Kind.OPERATION_DEFINITION ? larger(most, ofSet(node.selectionSet, true)) : most),
    nothing,
  )
}

const isRootType = (name: string) => name === 'Query' || name === 'Mutation'

const beside = (a: Size, b: Size): Size => ({
  depth: Math.max(a.depth, b.depth),
  aliases: a.aliases + b.aliases,
  cost: a.cost + b.cost,
  costOfEntry: a.costOfEntry + b.costOfEntry,
})

const larger = (a: Size, b: Size): Size => ({
  depth: Math.max(a.depth, b.depth),
  aliases: Math.max(a.aliases, b.aliases),
  cost: Math.max(a.cost, b.cost),
  costOfEntry: 0,
})

/** How many entries a page may have: what stands there, and all that there may be where only a variable does. */
function entriesOf(field: FieldNode, question: Question | undefined): number {
  if (question === undefined || question.size === null) return 1
  const { argument, standard, most } = question.size
  const value = field.arguments?.find(({ name }) => name.value === argument)?.value
  if (value?.kind === Kind.VARIABLE) return most
  return value?.kind === Kind.INT ? Math.min(Math.max(1, Number(value.value)), most) : standard
}
